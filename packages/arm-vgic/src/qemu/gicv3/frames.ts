// Accesses to the distributor and the redistributors of QEMU's GICv3. QEMU 7.2: hw/intc/arm_gicv3_dist.c, arm_gicv3_redist.c.

import { type Behaviours, behave, type RowBehaviour } from '@virq/irq-core/registers';
import { bankRows, fromConfig, toConfig } from '../bank.ts';
import type { Bank, Cpu } from '../layout.ts';
import { IRQS, PRIVATE, touch, type Virt, WORDS } from '../machine.ts';
import { everythingChanged, privateChanged, spisChanged } from './best.ts';
import { rescan } from './lpis.ts';
import { GICD, GICR_RD, GICR_SGI } from './registers.ts';

/** One redistributor. */
export interface Redistributor {
  readonly m: Virt;
  readonly n: number;
}

const cpuOf = ({ m, n }: Redistributor): Cpu => m.state.cpus.at(n);

const PIDR0 = { distributor: 0x92, redistributor: 0x93 } as const;
/** CoreSight identification from 0xffd0 on; PIDR2 says GICv3. */
const idRegisters = (pidr0: number): readonly number[] => [
  ...[0x44, 0, 0, 0, pidr0, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1],
];
const ids = <C>(pidr0: number): RowBehaviour<C> => {
  const values = idRegisters(pidr0);
  return { read: (_c, n) => values[n] as number };
};

const halfOf = (b: Bank, n: number): number => (b.edge.get(n >> 1) >>> (n & 1 ? 16 : 0)) & 0xffff;
const withHalf = (word: number, half: number, n: number): number =>
  ((n & 1 ? (word & 0xffff) | (half << 16) : (word & 0xffff0000) | half) >>> 0) >>> 0;
const setHalf = (b: Bank, n: number, half: number): void => b.edge.set(n >> 1, withHalf(b.edge.get(n >> 1), half, n));

const isSpi = (intid: number): boolean => intid >= PRIVATE && intid < IRQS;

const DISTRIBUTOR: Behaviours<Virt, keyof typeof GICD.rows & string> = {
  CTLR: {
    read: ({ state }) => 0x50 | state.ctlr,
    write(m, value) {
      m.state.ctlr = value & 3;
      everythingChanged(m);
    },
  },
  ...bankRows<Virt>({
    bank: ({ state }) => state.bank,
    has: (word) => word > 0 && word < WORDS,
    changed: touch,
  }),
  /** QEMU_7_2.triggerChangesLater. */
  ICFGR: {
    read: ({ state }, n) => (n > 1 && n < 2 * WORDS ? toConfig(halfOf(state.bank, n)) : 0),
    write({ state }, value, n) {
      if (n > 1 && n < 2 * WORDS) setHalf(state.bank, n, fromConfig(value));
    },
  },
  IROUTER: {
    read: ({ state }, intid, half) =>
      isSpi(intid) ? (half === 0 ? state.router.get(intid) : state.routerHigh.get(intid)) : 0,
    write(m, value, intid, half) {
      if (!isSpi(intid)) return;
      (half === 0 ? m.state.router : m.state.routerHigh).set(intid, value);
      if (m.touched.count === 0) touch(m, intid, 1);
    },
  },
  IDREGS: ids(PIDR0.distributor),
};

/** Clear-enable support is there; nothing is asynchronous. */
const CES = 2;

function writeLpiEnable({ m, n }: Redistributor, value: number): void {
  m.state.cpus.at(n).lpis = value & 1;
  if ((value & 1) === 1) rescan(m, n);
  else privateChanged(m, n);
}

/** GICR_TYPER: affinity; common LPI tables for one Aff3, number, last of its region, LPIs. */
const typer: RowBehaviour<Redistributor> = {
  read: ({ m, n }, _i, half) => (half === 1 ? n : 0x01000001 | (n << 8) | (n === m.cpus - 1 ? 0x10 : 0)),
};

const register64 = (field: 'propbaser' | 'pendbaser'): RowBehaviour<Redistributor> => ({
  read: (r, _i, half) => (half === 1 ? cpuOf(r)[`${field}Hi`] : cpuOf(r)[`${field}Lo`]),
  write(r, value, _i, half) {
    cpuOf(r)[`${field}${half === 1 ? 'Hi' : 'Lo'}`] = value;
  },
});

const SLEEP = { PROCESSOR: 2, CHILDREN: 4 } as const;

const CONTROL: Behaviours<Redistributor, keyof typeof GICR_RD.rows & string> = {
  CTLR: { read: (r) => CES | cpuOf(r).lpis, write: writeLpiEnable },
  TYPER: typer,
  WAKER: {
    read: (r) => cpuOf(r).waker,
    write(r, value) {
      cpuOf(r).waker = (value & SLEEP.PROCESSOR) === 0 ? 0 : SLEEP.PROCESSOR | SLEEP.CHILDREN;
    },
  },
  PROPBASER: register64('propbaser'),
  PENDBASER: register64('pendbaser'),
  IDREGS: ids(PIDR0.redistributor),
};

const PRIVATES: Behaviours<Redistributor, keyof typeof GICR_SGI.rows & string> = {
  ...bankRows<Redistributor>({
    bank: (r) => cpuOf(r).bank,
    has: (word) => word === 0,
    changed: ({ m }, first, count) => touch(m, first, count),
  }),
  ICFGR: {
    read: (r, n) => toConfig(halfOf(cpuOf(r).bank, n)),
    write(r, value, n) {
      if (n === 0) return;
      setHalf(cpuOf(r).bank, n, fromConfig(value));
      touch(r.m, 16, 16);
    },
  },
};

const emit = (m: Virt, error: { block: string; offset: number; size: number; rule: string }): void => {
  if (m.trace.on) m.trace.emit('vgic_guest_error', error);
};

const distributor = behave(GICD, DISTRIBUTOR, emit);
const control = behave(GICR_RD, CONTROL, ({ m }, error) => emit(m, error));
const privates = behave(GICR_SGI, PRIVATES, ({ m }, error) => emit(m, error));

/** Bytes of a frame of a redistributor. */
const FRAME = 0x10000;

/** An access: offset in the frame, 1, 2, 4 or 8 bytes. */
export interface FrameAccess {
  readonly offset: number;
  readonly size: number;
}

/** A load from the distributor. */
export const loadDistributor = (m: Virt, { offset, size }: FrameAccess): bigint =>
  size === 8 ? distributor.read64(m, offset) : BigInt(distributor.read(m, offset, size));

/** A store; then the interrupts that it changed are looked at. */
export function storeDistributor(m: Virt, { offset, size }: FrameAccess, value: bigint): void {
  if (size === 8) distributor.write64(m, offset, value);
  else distributor.write(m, offset, size, Number(value));
  const { first, count } = m.touched;
  m.touched.count = 0;
  if (count > 0) spisChanged(m, first, count);
}

/** A load from a redistributor: RD_base, then SGI_base. */
export function loadRedistributor(r: Redistributor, { offset, size }: FrameAccess): bigint {
  const frame = offset < FRAME ? control : privates;
  const at = offset % FRAME;
  return size === 8 ? frame.read64(r, at) : BigInt(frame.read(r, at, size));
}

/** A store to a redistributor. */
export function storeRedistributor(r: Redistributor, { offset, size }: FrameAccess, value: bigint): void {
  const frame = offset < FRAME ? control : privates;
  const at = offset % FRAME;
  if (size === 8) frame.write64(r, at, value);
  else frame.write(r, at, size, Number(value));
  const { count } = r.m.touched;
  r.m.touched.count = 0;
  if (count > 0) privateChanged(r.m, r.n);
}
