// A register block that can be accessed: a guest's loads and stores judged by the block's rules, and userspace's save and restore.

import type { Behaviours } from './behaviour.ts';
import { ones } from './geometry.ts';
import type { Misuse, RegisterMap } from './register-map.ts';
import { ALL, createWordTable, MEETS } from './word-table.ts';

/** Answer of an access that the block's rules let fault. A read's value is never negative otherwise. */
export const FAULT = -1;

/** Called when the guest does something undefined; execution goes on. `rule` says in words which rule the access broke. */
export type GuestError<C> = (
  c: C,
  error: { readonly block: string; readonly offset: number; readonly size: number; readonly rule: string },
) => void;

/** A block that can be accessed. Offsets are bytes from its base; values are unsigned, as wide as the access. */
export interface Block<C> {
  /** A guest's read of 1, 2 or 4 bytes: the value, or {@link FAULT}. */
  read(c: C, offset: number, size: number): number;
  /** A guest's write of 1, 2 or 4 bytes: 0, or {@link FAULT}. */
  write(c: C, offset: number, size: number, value: number): number;
  /** A guest's read of 8 bytes: the value, or -1n for a fault. With `write64` the only place where values are BigInt. */
  read64(c: C, offset: number): bigint;
  /** A guest's write of 8 bytes: 0 or {@link FAULT}. The high word is stored first: behaviour of the low one sees both. */
  write64(c: C, offset: number, value: bigint): number;
  /** Userspace's view of a word; {@link FAULT} where there is no register, or at an offset that is no multiple of 4. */
  save(c: C, offset: number): number;
  /** Userspace sets a word: 0 or {@link FAULT}. */
  restore(c: C, offset: number, value: number): number;
}

/** Verdicts on an access, as indices of the rules it breaks. */
const VERDICT = { FINE: 0, SIZE: 1, ALIGNMENT: 2, HOLE: 3 } as const;
const TEXT = ['', 'access size not allowed', 'misaligned access', 'no register here'] as const;

const toWord = (value: bigint): number => Number(value & 0xffffffffn);

/** Bytes from the lowest to the highest lane. */
const bytesOf = (lanes: number): number => (1 - Math.clz32(lanes) + Math.clz32(lanes & -lanes)) >> 3;

/** Puts a map and its behaviours together. Throws RangeError when a row cannot be bound to its field. Accesses allocate nothing. */
export function behave<C, R extends string>(
  map: RegisterMap<R>,
  behaviours: Behaviours<C, R>,
  onGuestError?: GuestError<C>,
): Block<C> {
  const { sizes, align, endian, wrongSize, misaligned, hole } = map.rules;
  const big = endian === 'big';
  const answers: readonly Misuse[] = ['raz', wrongSize, misaligned, hole];
  const report = (c: C, offset: number, size: number, rule: string): void =>
    onGuestError?.(c, { block: map.name, offset, size, rule });
  const words = createWordTable(map as RegisterMap, behaviours as Behaviours<C, string>, (c: C, offset, lanes, rule) =>
    report(c, offset, bytesOf(lanes), rule),
  );

  const isAligned = (offset: number, size: number): boolean =>
    (offset & ((align === 'natural' ? size : align) - 1)) === 0 && (size === 8 || (offset & 3) + size <= 4);
  /** Offset bits that are zero in an aligned access of a whole word. */
  const wordMask = align === 'natural' ? 3 : (align - 1) | 3;
  /** Bit position in its word of an access of up to 4 bytes. */
  const shiftOf = (offset: number, size: number): number => (big ? 4 - size - (offset & 3) : offset & 3) * 8;
  const lanesOf = (offset: number, size: number): number => (size >= 4 ? ALL : ones(size * 8) << shiftOf(offset, size));

  function judge(offset: number, size: number): number {
    if (size !== 1 && size !== 2 && size !== 4 && size !== 8) return VERDICT.SIZE;
    if (!isAligned(offset, size)) return sizes.includes(size) ? VERDICT.ALIGNMENT : VERDICT.SIZE;
    const lanes = lanesOf(offset, size);
    const first = words.meets(offset, lanes, size);
    const second = size === 8 ? words.meets(offset + 4, lanes, size) : MEETS.HOLE;
    if (first === MEETS.REFUSAL || second === MEETS.REFUSAL) return VERDICT.SIZE;
    if (first === MEETS.REGISTER || second === MEETS.REGISTER) return VERDICT.FINE;
    return sizes.includes(size) ? VERDICT.HOLE : VERDICT.SIZE;
  }

  /** Judges an access of up to 4 bytes; 8 bytes do not fit a number. */
  const judgeNarrow = (offset: number, size: number): number => (size > 4 ? VERDICT.SIZE : judge(offset, size));

  /** Reports a forbidden access and says what the rules answer. */
  function answer(c: C, offset: number, size: number, verdict: number): Misuse {
    report(c, offset, size, TEXT[verdict] as string);
    return answers[verdict] as Misuse;
  }

  const isRegister = (offset: number): boolean => (offset & 3) === 0 && words.meets(offset, ALL, 0) !== MEETS.HOLE;

  return {
    read(c, offset, size) {
      const row = size === 4 && (offset & wordMask) === 0 ? words.whole(offset) : null;
      if (row?.plainRead) return row.read(c, offset, ALL) >>> 0;
      const verdict = judgeNarrow(offset, size);
      if (verdict === VERDICT.FINE)
        return ((words.read(c, offset, lanesOf(offset, size)) >>> shiftOf(offset, size)) & ones(size * 8)) >>> 0;
      const misuse = answer(c, offset, size, verdict);
      if (misuse === 'fault') return FAULT;
      return misuse === 'all-ones' ? ones(size * 8) : 0;
    },
    write(c, offset, size, value) {
      const row = size === 4 && (offset & wordMask) === 0 ? words.whole(offset) : null;
      if (row !== null && row.access.writeError === null) {
        row.write(c, offset, ALL, value);
        return 0;
      }
      const verdict = judgeNarrow(offset, size);
      if (verdict !== VERDICT.FINE) return answer(c, offset, size, verdict) === 'fault' ? FAULT : 0;
      words.write(c, offset, lanesOf(offset, size), value << shiftOf(offset, size));
      return 0;
    },
    read64(c, offset) {
      const verdict = judge(offset, 8);
      if (verdict !== VERDICT.FINE) {
        const misuse = answer(c, offset, 8, verdict);
        if (misuse === 'fault') return BigInt(FAULT);
        return misuse === 'all-ones' ? 0xffff_ffff_ffff_ffffn : 0n;
      }
      const first = BigInt(words.read(c, offset, ALL) >>> 0);
      const second = BigInt(words.read(c, offset + 4, ALL) >>> 0);
      return big ? (first << 32n) | second : (second << 32n) | first;
    },
    write64(c, offset, value) {
      const verdict = judge(offset, 8);
      if (verdict !== VERDICT.FINE) return answer(c, offset, 8, verdict) === 'fault' ? FAULT : 0;
      words.write(c, big ? offset : offset + 4, ALL, toWord(value >> 32n));
      words.write(c, big ? offset + 4 : offset, ALL, toWord(value));
      return 0;
    },
    save: (c, offset) => (isRegister(offset) ? words.save(c, offset) >>> 0 : FAULT),
    restore(c, offset, value) {
      if (!isRegister(offset)) return FAULT;
      words.restore(c, offset, value);
      return 0;
    },
  };
}
