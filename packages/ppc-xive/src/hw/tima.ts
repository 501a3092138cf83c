// The thread interrupt management area: four pages over the same 64 bytes, each showing what its privilege may see, and special operations. QEMU: hw/intc/xive.c xive_tm_*.

import { contextWord, putContextWord } from './context-words.ts';
import { createDispatch, type Dispatch } from './dispatch.ts';
import type { XiveState } from './layout.ts';
import { camOf, type Presenter, RING, W2_VALID } from './presenter.ts';
import type { HardwareProfile } from './profile.ts';
import { loadable, storable, TM_PAGE } from './tima-views.ts';

export { TM_PAGE };

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

/** Offset bit of the half of a page where accesses only have effects (TM_SPECIAL_OP). */
const SPECIAL = 0x800;
/** The first half of a page repeats the 64 bytes of the context. */
const CONTEXT = 0x3f;

/** An access of 1, 2, 4 or 8 bytes. Values are big-endian numbers; those of 8 bytes are two words, the high one in {@link Tima.hi}. */
export interface Tima extends Pick<Dispatch, 'pushOs' | 'pullOs'> {
  /** High word of the last 8-byte load. */
  readonly hi: number;
  /** The value (its low word for 8 bytes), or -1 for an access that is an error: all ones. */
  load(thread: number, page: number, at: TmAccess): number;
  store(thread: number, page: number, at: TmAccess, value: { readonly hi: number; readonly lo: number }): void;
}

/** Where an access goes. */
export interface TmAccess {
  /** Offset in the page; it repeats every 4 KiB. */
  readonly offset: number;
  readonly size: 1 | 2 | 4 | 8;
}

/** What {@link createTima} needs. */
export interface TimaInit {
  readonly state: XiveState;
  readonly presenter: Presenter;
  readonly profile: HardwareProfile;
  misuse(thread: number, what: string): void;
}

/** A special operation: least privileged page that has it, its sizes, its effect. A load returns its value. */
interface TmOp {
  readonly offset: number;
  readonly page: number;
  readonly sizes: readonly number[];
  run(thread: number, value: number): number | void;
}

type OpTable = readonly (TmOp | undefined)[];
const keyOf = (offset: number, size: number): number => ((offset & 0xfff) << 4) | size;

function tableOf(ops: readonly TmOp[]): OpTable {
  const table: (TmOp | undefined)[] = new Array(keyOf(0x840, 0)).fill(undefined);
  for (const op of ops) for (const size of op.sizes) table[keyOf(op.offset, size)] = op;
  return table;
}

/** Special loads and stores. */
function specials({ state, presenter, profile }: TimaInit, { pushOs, pullOs, pullPool }: Dispatch) {
  const { threads } = state;
  const { OS, HV } = TM_PAGE;
  const pushes = profile.pushesEightBytes && state.generation === 2 ? [4, 8] : [4];
  const pollVt = (t: number): number => threads.at(t).rings.at(RING.PHYS).w2 >>> 24;
  const setVt = (t: number, v: number): void => putContextWord(threads.at(t), TM.SET_VT, v << 24, 0xff000000);
  const loads: readonly TmOp[] = [
    { offset: TM.ACK_OS_REG, page: OS, sizes: [2], run: (t) => presenter.acknowledge(t, RING.OS) },
    { offset: TM.PULL_OS_CTX, page: HV, sizes: [4, 8], run: pullOs },
    { offset: TM.PULL_POOL_CTX, page: HV, sizes: [4, 8], run: pullPool },
    { offset: TM.ACK_HV_REG, page: HV, sizes: [2], run: (t) => presenter.acknowledge(t, RING.PHYS) },
    { offset: TM.SET_VT, page: HV, sizes: [1], run: pollVt },
  ];
  const stores: readonly TmOp[] = [
    { offset: TM.SET_OS_CPPR, page: OS, sizes: [1], run: (t, v) => presenter.setCppr(t, RING.OS, v) },
    { offset: TM.PUSH_OS_CTX, page: HV, sizes: pushes, run: pushOs },
    { offset: TM.SET_HV_CPPR, page: HV, sizes: [1], run: (t, v) => presenter.setCppr(t, RING.PHYS, v) },
    { offset: TM.SET_VT, page: HV, sizes: [1], run: setVt },
    { offset: TM.SET_OS_PENDING, page: OS, sizes: [1], run: (t, v) => presenter.raise(t, RING.OS, v) },
  ];
  return { loads: tableOf(loads), stores: tableOf(stores) };
}

/** The operation of an access; pages that are more privileged than needed have it too. */
function find(table: OpTable, page: number, { offset, size }: TmAccess): TmOp | undefined {
  const op = table[keyOf(offset, size)];
  return op !== undefined && page <= op.page ? op : undefined;
}

/** Raw accesses: 4 or 8 bytes, aligned, none of the user ring, some byte accessible. */
function isRaw({ offset, size }: TmAccess, page: number, mask: (page: number, offset: number) => number): boolean {
  const at = offset & CONTEXT;
  if (size < 4 || (offset & SPECIAL) !== 0 || (at & (size - 1)) !== 0 || at < 0x10) return false;
  return mask(page, at) !== 0 || (size === 8 && mask(page, at + 4) !== 0);
}

/** Creates the area. */
export function createTima(init: TimaInit): Tima {
  const { threads } = init.state;
  const dispatch = createDispatch(init.state, init.presenter, init.profile);
  const { loads, stores } = specials(init, dispatch);

  const refuse = (thread: number, { offset, size }: TmAccess, verb: string): void =>
    init.misuse(thread, `${verb} of ${size} bytes at 0x${offset.toString(16)}`);

  const wordAt = (thread: number, page: number, offset: number): number =>
    (contextWord(threads.at(thread), offset) & loadable(page, offset)) >>> 0;

  const putWord = (thread: number, page: number, offset: number, word: number): void =>
    putContextWord(threads.at(thread), offset, word, storable(page, offset));

  const tima = {
    hi: 0,
    load(thread: number, page: number, at: TmAccess): number {
      const special = find(loads, page, at);
      tima.hi = 0;
      if (special !== undefined) return special.run(thread, 0) as number;
      if (!isRaw(at, page, loadable)) {
        refuse(thread, at, 'load');
        tima.hi = 0xffffffff;
        return -1;
      }
      const offset = at.offset & CONTEXT;
      if (at.size === 4) return wordAt(thread, page, offset);
      tima.hi = wordAt(thread, page, offset);
      return wordAt(thread, page, offset + 4);
    },
    store(thread: number, page: number, at: TmAccess, value: { readonly hi: number; readonly lo: number }): void {
      const special = find(stores, page, at);
      if (special !== undefined) return void special.run(thread, at.size === 8 ? value.hi : value.lo);
      if (!isRaw(at, page, storable)) return refuse(thread, at, 'store');
      const offset = at.offset & CONTEXT;
      if (at.size === 4) return putWord(thread, page, offset, value.lo);
      putWord(thread, page, offset, value.hi);
      return putWord(thread, page, offset + 4, value.lo);
    },
    pushOs: dispatch.pushOs,
    pullOs: dispatch.pullOs,
  };
  return tima;
}

/** Word 2 of a dispatched OS context. */
export const osWord = (block: number, index: number, generation: number): number =>
  (W2_VALID | camOf(block, index, generation)) >>> 0;
