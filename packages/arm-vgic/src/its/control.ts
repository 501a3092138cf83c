// What accesses to the ITS registers do, by the guest and by user space. Linux: vgic-its.c vgic_mmio_write_its_ctlr, _baser, _cbaser, _cwriter, vgic_mmio_uaccess_write_its_*.

import { ERRNO } from '@virq/irq-core/errors';
import { type Behaviours, type Block, behave, FAULT, type RowBehaviour } from '@virq/irq-core/registers';
import type { ItsContext } from './context.ts';
import { queueBytes } from './queue.ts';
import { BASER_RESET, GITS, sanitiseHigh, sanitiseLow } from './registers.ts';
import { BASER } from './tables.ts';

/** What registers work on. */
export interface ItsControl {
  readonly its: ItsContext;
  readonly run: () => void;
}

const QUIESCENT = 0x80000000;
/** Bits of CREADR and CWRITER that exist. */
const OFFSET = 0xfffe0;
/** 64 KiB pages, bits 9:8. */
const PAGES_64K = 0x200;

const isValid = (hi: number): boolean => hi >= BASER.VALID;

/** GITS_CTLR.Enable: false, and nothing done, while a table or the queue is not valid. The cache is the caller's to forget when the ITS is off then. */
export function switchIts({ state }: ItsContext, value: number): boolean {
  const ready = isValid(state.deviceTableHi) && isValid(state.collectionTableHi) && isValid(state.cbaserHi);
  if ((value & 1) === 1 && !ready) return false;
  state.enabled = value & 1;
  return true;
}

function writeCtlr({ its, run }: ItsControl, value: number): void {
  if (!switchIts(its, value)) return;
  if (its.state.enabled === 0) its.cache.clear();
  run();
}

function writeCbaser({ its: { state } }: ItsControl, value: number, half: number): void {
  if (state.enabled === 1) return;
  if (half === 1) state.cbaserHi = sanitiseHigh(value);
  else state.cbaserLo = (sanitiseLow(value) & ~0xf000) >>> 0;
  state.creadr = 0;
  state.cwriter = 0;
}

/** GITS_CWRITER: false for an offset beyond the queue. */
export function announce(its: ItsContext, value: number): boolean {
  const offset = value & OFFSET;
  if (offset >= queueBytes(its)) return false;
  its.state.cwriter = offset;
  return true;
}

function writeCwriter({ its, run }: ItsControl, value: number, half: number): void {
  if (announce(its, half === 1 ? its.state.cwriter : value)) run();
}

type Table = 'deviceTable' | 'collectionTable';

/** The high word as kept: type and entry size stay; collections are never indirect. */
function highOf(table: Table, value: number): number {
  const kept = table === 'deviceTable' ? BASER_RESET.DEVICE : BASER_RESET.COLLECTION;
  const free = table === 'deviceTable' ? value : value & ~BASER.INDIRECT;
  return (sanitiseHigh(free) & ~BASER_RESET.FIXED) | (kept & BASER_RESET.FIXED);
}

function writeBaser({ its }: ItsControl, table: Table, { value, half }: { value: number; half: number }): void {
  const { state, maps, cache, policy } = its;
  if (state.enabled === 1) return;
  const before = half === 1 ? state[`${table}Hi`] : state[`${table}Lo`];
  const after = (half === 1 ? highOf(table, value) : (sanitiseLow(value) & ~0x300) | PAGES_64K) >>> 0;
  state[`${table}${half === 1 ? 'Hi' : 'Lo'}`] = after;
  const frees = policy.baserFrees === 'changed' ? after !== before : !isValid(state[`${table}Hi`]);
  if (!frees) return;
  if (table === 'deviceTable') maps.freeDevices();
  else maps.freeCollections();
  if (policy.baserFrees === 'changed') cache.clear();
}

const baser = (table: Table): RowBehaviour<ItsControl> => ({
  read: ({ its }, _i, half) => (half === 1 ? its.state[`${table}Hi`] : its.state[`${table}Lo`]),
  write: (c, value, _i, half) => writeBaser(c, table, { value, half }),
});

const BEHAVIOURS: Behaviours<ItsControl, keyof typeof GITS.rows & string> = {
  CTLR: {
    read: ({ its: { state } }) => (state.creadr === state.cwriter ? QUIESCENT : 0) + state.enabled,
    write: writeCtlr,
  },
  CBASER: {
    read: ({ its: { state } }, _i, half) => (half === 1 ? state.cbaserHi : state.cbaserLo),
    write: (c, value, _i, half) => writeCbaser(c, value, half),
  },
  CWRITER: {
    read: ({ its: { state } }, _i, half) => (half === 1 ? 0 : state.cwriter),
    write: (c, value, _i, half) => writeCwriter(c, value, half),
  },
  CREADR: {
    read: ({ its: { state } }, _i, half) => (half === 1 ? 0 : state.creadr),
    restore({ its: { state } }, value, _i, half) {
      if (half === 0) state.creadr = value & OFFSET;
    },
  },
  BASER0: baser('deviceTable'),
  BASER1: baser('collectionTable'),
};

/** Dispatch of guest accesses; misuse is an event. */
export const gits: Block<ItsControl> = behave(GITS, BEHAVIOURS, ({ its }, { offset, size, rule }) => {
  if (its.trace.on) its.trace.emit('its_guest_error', { offset, size, rule });
});

/** What user space must not write. */
const REFUSALS: Readonly<Record<number, ((c: ItsControl, lo: number) => number) | undefined>> = {
  [GITS.rows.IIDR.at]: (_c, lo) => (((lo >>> 12) & 0xf) === 0 ? 0 : -ERRNO.EINVAL),
  [GITS.rows.CREADR.at]({ its }, lo) {
    if (its.state.enabled === 1) return -ERRNO.EBUSY;
    return (lo & OFFSET) >= queueBytes(its) ? -ERRNO.EINVAL : 0;
  },
};

const isWide = (offset: number): boolean => offset >= 8 && offset < GITS.rows.PIDR4.at;

/** KVM_DEV_ARM_VGIC_GRP_ITS_REGS, set: 0, -ENXIO for no register, -EBUSY and -EINVAL as the register says. 32-bit registers take the low word. */
export function setRegister(c: ItsControl, offset: number, { lo, hi }: { lo: number; hi: number }): number {
  if (gits.save(c, offset) === FAULT) return -ERRNO.ENXIO;
  const refusal = REFUSALS[offset]?.(c, lo) ?? 0;
  if (refusal !== 0) return refusal;
  if (isWide(offset)) gits.restore(c, offset + 4, hi);
  gits.restore(c, offset, lo);
  return 0;
}

/** The same group, get; null for no register. */
export function getRegister(c: ItsControl, offset: number): { lo: number; hi: number } | null {
  const lo = gits.save(c, offset);
  return lo === FAULT ? null : { lo, hi: isWide(offset) ? gits.save(c, offset + 4) : 0 };
}
