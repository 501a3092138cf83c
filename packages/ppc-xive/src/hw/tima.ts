// The thread interrupt management area: four pages over the same 64 bytes, each showing what its privilege may see, and special operations. QEMU: hw/intc/xive.c xive_tm_*.

import type { Nvt, Ring, Thread, XiveState } from './layout.ts';
import { camOf, type Presenter, RING, W2_VALID } from './presenter.ts';

/** Pages, most privileged first. */
export const TM_PAGE = { HW: 0, HV: 1, OS: 2, USER: 3 } as const;

/** Bytes of a ring in order; word 2 follows. */
const BYTES = ['nsr', 'cppr', 'ipb', 'lsmfb', 'ack', 'inc', 'age', 'pipr'] as const;

/** Access per byte of the 64: 0 none, 1 write, 2 read, 3 both. Rows are QW0 user, QW1 OS, QW2 pool, QW3 physical. */
const VIEWS: readonly (readonly string[])[] = [
  ['300030003333000000', '333333333333', '333300003333', '333303030000'].map(pad),
  ['300030003333000000', '333333023333', '333300003333', '333303023003'].map(pad),
  ['300000003333', '232222020000', '', ''].map(pad),
  ['300000000000', '', '', ''].map(pad),
];

function pad(row: string): string {
  return row.slice(0, 12).padEnd(16, '0');
}

/** Offsets of special operations. */
export const TM = {
  SET_OS_CPPR: 0x11,
  PUSH_OS_CTX: 0x18,
  SET_HV_CPPR: 0x31,
  SET_VT: 0x38,
  ACK_OS_REG: 0x810,
  SET_OS_PENDING: 0x812,
  PULL_OS_CTX: 0x818,
  PULL_POOL_CTX: 0x828,
  ACK_HV_REG: 0x830,
} as const;

/** An access of 1, 2, 4 or 8 bytes. Values are big-endian numbers; those of 8 bytes come as two words in {@link Tima.hi} and the result. */
export interface Tima {
  /** High word of the last 8-byte load. */
  readonly hi: number;
  /** The value (its low word for 8 bytes), or -1 for an access that is an error: all ones. */
  load(thread: number, page: number, at: TmAccess): number;
  store(thread: number, page: number, at: TmAccess, value: { readonly hi: number; readonly lo: number }): void;
  /** Puts a virtual target on a thread, as the hypervisor's store of word 2 to the OS ring does. */
  pushOs(thread: number, w2: number): void;
  /** Takes it off; returns the old word 2. */
  pullOs(thread: number): number;
}

/** Where an access goes. */
export interface TmAccess {
  /** Offset in the page, 0 to 0xFFF. */
  readonly offset: number;
  readonly size: 1 | 2 | 4 | 8;
}

/** What {@link createTima} needs. */
export interface TimaInit {
  readonly state: XiveState;
  readonly presenter: Presenter;
  misuse(thread: number, what: string): void;
}

const byteOf = (r: Ring, i: number): number => (i < 8 ? r[BYTES[i] as 'nsr'] : (r.w2 >>> (24 - 8 * (i - 8))) & 0xff);

function setByte(r: Ring, i: number, value: number): void {
  if (i < 8) {
    r[BYTES[i] as 'nsr'] = value;
    return;
  }
  const shift = 24 - 8 * (i - 8);
  r.w2 = ((r.w2 & ~(0xff << shift)) | (value << shift)) >>> 0;
}

/** Reset: everything zero but the bytes that say "nothing". */
export function resetThread(t: Thread): void {
  for (let ring = 0; ring < 4; ring++) {
    const r = t.rings.at(ring);
    for (const name of BYTES) r[name] = 0;
    r.w2 = 0;
  }
  const os = t.rings.at(RING.OS);
  os.lsmfb = os.ack = os.age = os.pipr = 0xff;
  t.rings.at(RING.PHYS).pipr = 0xff;
  t.osLine = t.hvLine = 0;
}

/** Creates the area. */
export function createTima({ state, presenter, misuse }: TimaInit): Tima {
  const { threads, nvts } = state;

  const nvtOf = (w2: number): Nvt | null => {
    const index = w2 & (state.generation === 2 ? 0xffffff : 0x7ffff);
    return index < nvts.length ? nvts.at(index) : null;
  };

  /** Backlog of the target joins the ring; from here on the thread answers for it. */
  function pushOs(thread: number, w2: number): void {
    const ring = threads.at(thread).rings.at(RING.OS);
    ring.w2 = w2 >>> 0;
    if ((w2 & W2_VALID) === 0) return;
    const nvt = nvtOf(w2);
    if (nvt !== null && nvt.valid === 1) {
      ring.ipb |= nvt.ipb;
      nvt.ipb = 0;
    }
    presenter.recompute(thread, RING.OS);
  }

  function pull(thread: number, ring: number): number {
    const r = threads.at(thread).rings.at(ring);
    const old = r.w2;
    r.w2 = (old & ~W2_VALID) >>> 0;
    presenter.withdraw(thread, ring);
    return old;
  }

  /** Special loads: offset → least privileged page that has it, sizes, effect. */
  const loads: readonly TmLoad[] = [
    { offset: TM.ACK_OS_REG, page: TM_PAGE.OS, sizes: [2], run: (t) => presenter.acknowledge(t, RING.OS) },
    { offset: TM.PULL_OS_CTX, page: TM_PAGE.HV, sizes: [4, 8], run: (t) => pull(t, RING.OS) },
    { offset: TM.PULL_POOL_CTX, page: TM_PAGE.HV, sizes: [4, 8], run: (t) => pull(t, RING.POOL) },
    { offset: TM.ACK_HV_REG, page: TM_PAGE.HV, sizes: [2], run: (t) => presenter.acknowledge(t, RING.PHYS) },
    { offset: TM.SET_VT, page: TM_PAGE.HV, sizes: [1], run: (t) => threads.at(t).rings.at(RING.PHYS).w2 >>> 24 },
  ];
  /** Special stores. */
  const stores: readonly TmStore[] = [
    { offset: TM.SET_OS_CPPR, page: TM_PAGE.OS, sizes: [1], run: (t, v) => presenter.setCppr(t, RING.OS, v) },
    { offset: TM.PUSH_OS_CTX, page: TM_PAGE.HV, sizes: [4], run: pushOs },
    { offset: TM.SET_HV_CPPR, page: TM_PAGE.HV, sizes: [1], run: (t, v) => presenter.setCppr(t, RING.PHYS, v) },
    {
      offset: TM.SET_VT,
      page: TM_PAGE.HV,
      sizes: [1],
      run: (t, v) => setByte(threads.at(t).rings.at(RING.PHYS), 8, v),
    },
    { offset: TM.SET_OS_PENDING, page: TM_PAGE.OS, sizes: [1], run: (t, v) => presenter.raise(t, RING.OS, v) },
  ];

  const bad = (thread: number, { offset, size }: TmAccess, verb: string): number => {
    misuse(thread, `${verb} of ${size} bytes at 0x${offset.toString(16)}`);
    return -1;
  };

  /** Raw accesses: 4 or 8 bytes, aligned, none of the user ring. */
  const isRaw = ({ offset, size }: TmAccess): boolean =>
    size >= 4 && (offset & (size - 1)) === 0 && offset >= 0x10 && offset < 0x40;

  function wordAt(thread: number, page: number, offset: number): number {
    const view = VIEWS[page]?.[offset >>> 4] as string;
    const ring = threads.at(thread).rings.at(offset >>> 4);
    let word = 0;
    for (let i = 0; i < 4; i++) {
      const at = (offset & 15) + i;
      const readable = at < 12 && (Number(view[at]) & 2) !== 0;
      word = (word << 8) | (readable ? byteOf(ring, at) : 0);
    }
    return word >>> 0;
  }

  function putWord(thread: number, page: number, offset: number, word: number): void {
    const view = VIEWS[page]?.[offset >>> 4] as string;
    const ring = threads.at(thread).rings.at(offset >>> 4);
    for (let i = 0; i < 4; i++) {
      const at = (offset & 15) + i;
      if (at < 12 && (Number(view[at]) & 1) !== 0) setByte(ring, at, (word >>> (24 - 8 * i)) & 0xff);
    }
  }

  const tima = {
    hi: 0,
    load(thread: number, page: number, at: TmAccess): number {
      const special = loads.find((op) => op.offset === at.offset && op.sizes.includes(at.size) && page <= op.page);
      tima.hi = 0;
      if (special !== undefined) {
        const value = special.run(thread);
        if (at.size === 8) tima.hi = value;
        return at.size === 8 ? 0 : value;
      }
      if (!isRaw(at)) return bad(thread, at, 'load');
      if (at.size === 4) return wordAt(thread, page, at.offset);
      tima.hi = wordAt(thread, page, at.offset);
      return wordAt(thread, page, at.offset + 4);
    },
    store(thread: number, page: number, at: TmAccess, value: { readonly hi: number; readonly lo: number }): void {
      const special = stores.find((op) => op.offset === at.offset && op.sizes.includes(at.size) && page <= op.page);
      if (special !== undefined) return special.run(thread, value.lo);
      if (!isRaw(at)) return void bad(thread, at, 'store');
      if (at.size === 4) return putWord(thread, page, at.offset, value.lo);
      putWord(thread, page, at.offset, value.hi);
      return putWord(thread, page, at.offset + 4, value.lo);
    },
    pushOs,
    pullOs: (thread: number) => pull(thread, RING.OS),
  };
  return tima;
}

interface TmLoad {
  readonly offset: number;
  readonly page: number;
  readonly sizes: readonly number[];
  run(thread: number): number;
}
interface TmStore {
  readonly offset: number;
  readonly page: number;
  readonly sizes: readonly number[];
  run(thread: number, value: number): void;
}

/** Word 2 of a dispatched OS context. */
export const osWord = (block: number, index: number, generation: number): number =>
  (W2_VALID | camOf(block, index, generation)) >>> 0;
