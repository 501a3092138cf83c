// Single operations on a virt machine, by weight and controller.

import { hex } from '../arguments.ts';
import type { Op } from '../oracle.ts';
import type { Choose } from './choose.ts';
import {
  anyCpu,
  anyLpi,
  type Board,
  bits,
  cpu,
  dev,
  event,
  icid,
  intid,
  lpi,
  ppi,
  priority,
  sgi,
  spi,
  word,
} from './virt-values.ts';

/** A row. */
export interface VirtRow {
  readonly weight: number;
  make(c: Choose, on: Board): Op;
}

/** Registers with one bit for each interrupt; groups stay mostly as `irq_setup` leaves them. */
const SETS = [
  ...['ISENABLER', 'ISENABLER', 'ICENABLER', 'ISPENDR', 'ISPENDR', 'ICPENDR', 'ICPENDR'],
  ...['ISACTIVER', 'ICACTIVER', 'ICACTIVER', 'IGROUPR'],
];
const CONTROLS: Readonly<Record<Board['backend'], readonly number[]>> = {
  gicv2: [0, 1, 1, 1, 2, 3],
  gicv3: [0, 1, 0x10, 0x12, 0x12, 0x13, 0x13],
  its: [0, 0x12, 0x13, 0x13, 0x13],
};

/** Something of the distributor: its word, its name, its size. */
function readable(c: Choose): Readonly<Record<string, string | number>> {
  const kind = c.between(0, 3);
  if (kind === 0) return { reg: c.one(['CTLR', 'TYPER', 'IIDR', 'STATUSR']) };
  if (kind === 1) return { reg: `IPRIORITYR:${intid(c)}`, size: 1 };
  if (kind === 2) return { reg: `ICFGR:${4 * (intid(c) >> 4)}` };
  return { reg: `${c.one(SETS)}:${4 * word(c)}` };
}

const setUp = (c: Choose, on: Board): Op => ({
  op: 'irq_setup',
  intid: intid(c),
  prio: priority(c),
  edge: c.chance(50),
  enable: c.chance(85) ? 1 : 0,
  group: c.chance(80) ? 1 : 0,
  target: c.between(0, Math.min(on.cpus, 2) - 1),
  cpu: cpu(c, on),
});

const GIC_ROWS: readonly VirtRow[] = [
  { weight: 14, make: setUp },
  { weight: 22, make: (c) => ({ op: 'spi', intid: spi(c), level: c.between(0, 1) }) },
  { weight: 10, make: (c, on) => ({ op: 'ppi', intid: ppi(c), level: c.between(0, 1), cpu: cpu(c, on) }) },
  { weight: 5, make: (c, { backend }) => ({ op: 'd', reg: 'CTLR', value: c.one(CONTROLS[backend]) }) },
  {
    weight: 16,
    make(c) {
      const n = word(c);
      return { op: 'd', reg: `${c.one(SETS)}:${4 * n}`, value: bits(c, n) };
    },
  },
  { weight: 6, make: (c) => ({ op: 'd', ...readable(c) }) },
  { weight: 5, make: (c) => ({ op: 'd', reg: `IPRIORITYR:${intid(c)}`, size: 1, value: priority(c) }) },
  { weight: 2, make: (c) => ({ op: 'd', reg: `ICFGR:${4 * (intid(c) >> 4)}`, value: hex(c.u32()) }) },
];

const READ_ONLY = ['CTLR', 'TYPER', 'IIDR', 'WAKER', 'STATUSR'];

const GICV3_ROWS: readonly VirtRow[] = [
  {
    weight: 10,
    make: (c, on) => ({ op: 'r', frame: 'sgi', reg: `${c.one(SETS)}:0`, value: bits(c, 0), cpu: cpu(c, on) }),
  },
  { weight: 3, make: (c, on) => ({ op: 'r', frame: 'sgi', reg: `${c.one(SETS)}:0`, cpu: cpu(c, on) }) },
  { weight: 2, make: (c, on) => ({ op: 'r', frame: 'r', reg: c.one(READ_ONLY), cpu: cpu(c, on) }) },
  { weight: 1, make: (c, on) => ({ op: 'r', frame: 'r', reg: 'WAKER', value: c.between(0, 7), cpu: cpu(c, on) }) },
  {
    weight: 4,
    make: (c) => ({
      op: 'd',
      reg: `IROUTER:${8 * spi(c)}`,
      size: 8,
      value: c.one(['0x0', '0x0', '0x1', '0x1', '0x2', '0x100', '0x80000000', '0x100000000']),
    }),
  },
];

const GICV2_ROWS: readonly VirtRow[] = [
  { weight: 22, make: (c) => ({ op: 'c', reg: c.one(['IAR', 'IAR', 'IAR', 'RPR', 'HPPIR', 'HPPIR', 'APR', 'CTLR']) }) },
  { weight: 16, make: (c) => ({ op: 'c', reg: 'EOIR', value: c.chance(95) ? intid(c) : c.one([1022, 1023]) }) },
  { weight: 4, make: (c) => ({ op: 'c', reg: 'DIR', value: intid(c) }) },
  { weight: 6, make: (c) => ({ op: 'c', reg: 'PMR', value: c.one([0, 0x80, 0xa0, 0xf0, 0xf0, 0xff]) }) },
  { weight: 3, make: (c) => ({ op: 'c', reg: 'BPR', value: c.between(0, 7) }) },
  { weight: 4, make: (c) => ({ op: 'c', reg: 'CTLR', value: c.one([0, 1, 1, 1, 0x201]) }) },
  {
    weight: 6,
    make: (c) => ({ op: 'd', reg: 'SGIR', value: hex((c.between(0, 2) << 24) | (c.between(0, 3) << 16) | sgi(c)) }),
  },
];

const RESET_SAFE = ['PMR', 'BPR1', 'CTLR', 'RPR', 'HPPIR1', 'IGRPEN1', 'AP1R0', 'SRE', 'HPPIR0', 'BPR0', 'IGRPEN0'];

/** An interrupt that a CPU can have acknowledged. */
const acknowledged = (c: Choose): number => (c.chance(60) ? lpi(c) : intid(c));

const CPU_ROWS: readonly VirtRow[] = [
  {
    weight: 4,
    make: (c, on) => ({
      op: 'cpu_setup',
      cpu: cpu(c, on),
      pmr: c.one([0xff, 0xff, 0xa0, 0x80]),
      eoimode: c.between(0, 1),
    }),
  },
  { weight: 14, make: (c, on) => ({ op: 'iar', cpu: cpu(c, on), group: c.chance(85) ? 1 : 0 }) },
  {
    weight: 10,
    make: (c, on) => ({ op: 'eoir', intid: acknowledged(c), cpu: cpu(c, on), group: c.chance(85) ? 1 : 0 }),
  },
  { weight: 4, make: (c, on) => ({ op: 'dir', intid: acknowledged(c), cpu: cpu(c, on) }) },
  { weight: 6, make: (c, on) => ({ op: 'mrs', reg: `ICC_${c.one(RESET_SAFE)}_EL1`, cpu: cpu(c, on) }) },
  {
    weight: 4,
    make: (c, on) => ({
      op: 'msr',
      reg: 'ICC_SGI1R_EL1',
      value: hex((sgi(c) << 24) | c.between(0, 3)),
      cpu: cpu(c, on),
    }),
  },
  { weight: 2, make: (c, on) => ({ op: 'msr', reg: 'ICC_PMR_EL1', value: hex(priority(c)), cpu: cpu(c, on) }) },
  { weight: 2, make: (c, on) => ({ op: 'msr', reg: 'ICC_BPR1_EL1', value: hex(c.between(0, 7)), cpu: cpu(c, on) }) },
  {
    weight: 2,
    make: (c, on) => ({ op: 'msr', reg: 'ICC_IGRPEN1_EL1', value: c.one(['0x0', '0x1', '0x1']), cpu: cpu(c, on) }),
  },
];

/** Command numbers that are none, or of GICv4. */
const UNKNOWN = ['0x0', '0x2', '0x77', '0x21', '0x2a', '0x25'];
const mapped = (c: Choose): Readonly<Record<string, number>> => ({ dev: dev(c), event: event(c) });

const ITS_ROWS: readonly VirtRow[] = [
  {
    weight: 6,
    make: (c) => ({ op: 'mapd', dev: dev(c), size: c.one([1, 2, 4, 8, 8, 14]), valid: c.chance(85) ? 1 : 0 }),
  },
  { weight: 6, make: (c, on) => ({ op: 'mapc', icid: icid(c), cpu: anyCpu(c, on), valid: c.chance(88) ? 1 : 0 }) },
  { weight: 10, make: (c) => ({ op: 'mapti', ...mapped(c), intid: anyLpi(c), icid: icid(c) }) },
  { weight: 3, make: (c) => ({ op: 'mapi', dev: dev(c), event: c.one([8192, 8193, 3]), icid: icid(c) }) },
  { weight: 5, make: (c) => ({ op: 'movi', ...mapped(c), icid: icid(c) }) },
  { weight: 3, make: (c, on) => ({ op: 'movall', cpu1: anyCpu(c, on), cpu2: anyCpu(c, on) }) },
  { weight: 14, make: (c) => ({ op: 'int', ...mapped(c) }) },
  { weight: 5, make: (c) => ({ op: 'clear', ...mapped(c) }) },
  { weight: 4, make: (c) => ({ op: 'discard', ...mapped(c) }) },
  { weight: 6, make: (c) => ({ op: 'inv', ...mapped(c) }) },
  { weight: 2, make: (c) => ({ op: 'invall', icid: icid(c) }) },
  { weight: 1, make: (c, on) => ({ op: 'sync', cpu: anyCpu(c, on) }) },
  { weight: 1, make: (c) => ({ op: 'rawcmd', d: [c.one(UNKNOWN), 0, 0, 0] }) },
  { weight: 5, make: (c) => ({ op: 'translate', event: event(c) }) },
  { weight: 8, make: (c) => ({ op: 'lpi_config', intid: lpi(c), prio: priority(c), enable: c.chance(80) ? 1 : 0 }) },
];

/** The rows of each controller. */
export const VIRT_ROWS: Readonly<Record<Board['backend'], readonly VirtRow[]>> = {
  gicv2: [...GIC_ROWS, ...GICV2_ROWS],
  gicv3: [...GIC_ROWS, ...GICV3_ROWS],
  its: [
    ...ITS_ROWS,
    ...CPU_ROWS,
    ...[...GIC_ROWS, ...GICV3_ROWS].map((r) => ({ ...r, weight: Math.ceil(r.weight / 5) })),
  ],
};
