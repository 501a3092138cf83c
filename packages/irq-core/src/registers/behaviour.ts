// What a block does, keyed by its map: guest columns (read, write) apart from save and restore, because KVM's differ.

import { type Misuse, type RegisterMap, type RegisterSpec, spanOf } from './register-map.ts';

/** Behaviour of one row over a context `C`. `index` is the element of an array register, 0 otherwise. Values are unsigned words. */
export interface RowBehaviour<C> {
  /** Present value. Absent: reads as zero. */
  readonly read?: (c: C, index: number) => number;
  /** Stores a whole new value; access class and writable mask have been applied. Absent: writes ignored. */
  readonly write?: (c: C, value: number, index: number) => void;
  /** Userspace save; default `read`. */
  readonly save?: (c: C, index: number) => number;
  /** Userspace restore; default: the value goes to `write` without masking. */
  readonly restore?: (c: C, value: number, index: number) => void;
}

/** Behaviours by row name; a name that is no row does not compile. */
export type Behaviours<C, R extends string> = { readonly [K in R]?: RowBehaviour<C> };

/** Called when the guest does something undefined; execution goes on. */
export type GuestError<C> = (
  c: C,
  error: { readonly block: string; readonly offset: number; readonly size: number; readonly rule: string },
) => void;

/** A block that can be accessed. {@link FAULT} is the answer of a forbidden access where the rules say so. */
export interface Block<C> {
  read(c: C, offset: number, size: number): number;
  write(c: C, offset: number, size: number, value: number): number;
  save(c: C, offset: number): number;
  restore(c: C, offset: number, value: number): number;
}

/** Answer of an access that faults. */
export const FAULT = -1;

/** An array register's element range inside one word: 32 / bits elements, or the word itself. */
interface Slot<C> {
  readonly name: string;
  readonly spec: RegisterSpec;
  readonly behaviour: RowBehaviour<C>;
  /** First element of this word. */
  readonly first: number;
  /** Elements in this word; 1 for a plain register. */
  readonly elements: number;
  readonly bits: number;
}

function slotsOf<C>(map: RegisterMap, behaviours: Behaviours<C, string>): (Slot<C> | undefined)[] {
  const rows = Object.entries(map.rows);
  const end = Math.max(0, ...rows.map(([, r]) => r.at + spanOf(r)));
  const slots: (Slot<C> | undefined)[] = new Array(Math.ceil(end / 4)).fill(undefined);
  for (const [name, spec] of rows) {
    const behaviour = behaviours[name] ?? {};
    const bits = spec.per === undefined ? 32 : (spec.bits ?? 32);
    const perWord = Math.max(1, 32 / bits);
    const words =
      spec.per === undefined ? Math.max(1, (spec.width ?? 32) / 32) : Math.ceil(((spec.count ?? 1) * bits) / 32);
    for (let w = 0; w < words; w++) {
      const left = (spec.count ?? 1) - w * perWord;
      const elements = spec.per === undefined || bits >= 32 ? 1 : Math.min(perWord, left);
      const first = spec.per === undefined ? w : bits > 32 ? w : w * perWord;
      slots[(spec.at >> 2) + (w * (spec.stride ?? 4)) / 4] = { name, spec, behaviour, first, elements, bits };
    }
  }
  return slots;
}

const READABLE: ReadonlySet<string> = new Set(['RW', 'RO', 'W1C', 'W1S', 'RC', 'WI']);
const ones = (bits: number): number => (bits >= 32 ? 0xffffffff : (1 << bits) - 1);

/** The whole word through one column. */
function gather<C>(s: Slot<C>, c: C, column: ((c: C, index: number) => number) | undefined): number {
  if (column === undefined) return 0;
  if (s.elements === 1) return column(c, s.first) >>> 0;
  let word = 0;
  for (let i = 0; i < s.elements; i++) word |= (column(c, s.first + i) & ones(s.bits)) << (i * s.bits);
  return word >>> 0;
}

/** New value of an element by access class. */
function combine(spec: RegisterSpec, old: number, value: number): number {
  const mask = spec.writable ?? 0xffffffff;
  const written = value & mask;
  if (spec.access === 'W1C') return (old & ~written) >>> 0;
  if (spec.access === 'W1S') return (old | written) >>> 0;
  return ((old & ~mask) | written) >>> 0;
}

/** Writes the elements whose bits `lanes` covers, and no others. */
function scatter<C>(s: Slot<C>, c: C, value: number, lanes: number): void {
  const { write, read } = s.behaviour;
  if (write === undefined) return;
  const oneShot = s.spec.access === 'W1C' || s.spec.access === 'W1S';
  for (let i = 0; i < s.elements; i++) {
    const shift = s.elements === 1 ? 0 : i * s.bits;
    const lane = (lanes >>> shift) & ones(s.bits);
    const bits = (value >>> shift) & ones(s.bits);
    if (lane === 0 || (oneShot && bits === 0)) continue;
    const old = read === undefined ? 0 : read(c, s.first + i);
    const merged = lane === ones(s.bits) || oneShot ? bits : (old & ~lane) | (bits & lane);
    write(c, combine(s.spec, old, merged), s.first + i);
  }
}

const WRITABLE: ReadonlySet<string> = new Set(['RW', 'WO', 'W1C', 'W1S']);

/** Puts a map and its behaviours together. Accesses allocate nothing. */
export function behave<C, R extends string>(
  map: RegisterMap<R>,
  behaviours: Behaviours<C, R>,
  onGuestError?: GuestError<C>,
): Block<C> {
  const slots = slotsOf<C>(map as RegisterMap, behaviours as Behaviours<C, string>);
  const { sizes, align, wrongSize, hole } = map.rules;

  function misuse(c: C, at: { offset: number; size: number }, rule: Misuse, what: string): number {
    onGuestError?.(c, { block: map.name, ...at, rule: what });
    if (rule === 'fault') return FAULT;
    return rule === 'all-ones' ? ones(at.size * 8) : 0;
  }

  const allowed = (offset: number, size: number): boolean =>
    sizes.includes(size) && offset % align === 0 && (offset & 3) + size <= 4;

  return {
    read(c, offset, size) {
      if (!allowed(offset, size)) return misuse(c, { offset, size }, wrongSize, `read of ${size} bytes`);
      const s = slots[offset >> 2];
      if (s === undefined) return misuse(c, { offset, size }, hole, 'no register here');
      if (!READABLE.has(s.spec.access)) return 0;
      const word = gather(s, c, s.behaviour.read) >>> ((offset & 3) * 8);
      if (s.spec.access === 'RC') s.behaviour.write?.(c, 0, s.first);
      return (word & ones(size * 8)) >>> 0;
    },
    write(c, offset, size, value) {
      if (!allowed(offset, size)) return misuse(c, { offset, size }, wrongSize, `write of ${size} bytes`);
      const s = slots[offset >> 2];
      if (s === undefined) return misuse(c, { offset, size }, hole, 'no register here');
      if (!WRITABLE.has(s.spec.access)) return 0;
      const shift = (offset & 3) * 8;
      scatter(s, c, value << shift, ones(size * 8) << shift);
      return 0;
    },
    save(c, offset) {
      const s = slots[offset >> 2];
      return s === undefined ? FAULT : gather(s, c, s.behaviour.save ?? s.behaviour.read);
    },
    restore(c, offset, value) {
      const s = slots[offset >> 2];
      if (s === undefined) return FAULT;
      const put = s.behaviour.restore ?? s.behaviour.write;
      if (put === undefined) return 0;
      for (let i = 0; i < s.elements; i++)
        put(c, (s.elements === 1 ? value : (value >>> (i * s.bits)) & ones(s.bits)) >>> 0, s.first + i);
      return 0;
    },
  };
}
