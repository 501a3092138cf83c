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

/** Accesses of any width, also where there is nothing, or nothing so wide. */
const odd = (c: Choose): Op => {
  const size = c.one([1, 2, 4, 8]);
  const reg = c.one(['CTLR', 'TYPER', 'TYPER2', 'STATUSR', 'ITARGETSR:40', 'IPRIORITYR:40', `${c.one(SETS)}:8`]);
  const at: Op = { op: 'd', reg, size };
  return c.chance(70) || reg === 'CTLR' ? at : { ...at, value: hex(c.u32() >>> (32 - Math.min(32, 8 * size))) };
};

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
  { weight: 2, make: odd },
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
    weight: 2,
    make: (c, on) => ({
      op: 'r',
      frame: 'sgi',
      reg: `IPRIORITYR:${ppi(c)}`,
      size: 1,
      value: priority(c),
      cpu: cpu(c, on),
    }),
  },
  {
    weight: 1,
    make: (c, on) => ({
      op: 'r',
      frame: 'sgi',
      reg: `ICFGR:${4 * c.between(0, 1)}`,
      value: hex(c.u32()),
      cpu: cpu(c, on),
    }),
  },
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
  { weight: 4, make: (c) => ({ op: 'c', reg: 'CTLR', value: c.one([0, 1, 1, 1, 0x201, 5, 7, 0xf, 0x1f, 0x21f]) }) },
  { weight: 1, make: (c) => ({ op: 'c', reg: 'ABPR', value: c.between(0, 7) }) },
  { weight: 1, make: (c) => ({ op: 'c', reg: c.one(['APR', 'NSAPR', 'APR:4']), value: c.one([0, 0, 1, 0x100]) }) },
  { weight: 2, make: (c) => ({ op: 'c', reg: c.one(['ABPR', 'IIDR', 'NSAPR', 'AIAR', 'PMR', 'BPR', 'APR:8']) }) },
  {
    weight: 6,
    make: (c) => ({ op: 'd', reg: 'SGIR', value: hex((c.between(0, 3) << 24) | (c.between(0, 3) << 16) | sgi(c)) }),
  },
  // A byte of zero would leave an SGI pending from nobody, and QEMU 7.2 stops when that one is acknowledged.
  { weight: 2, make: (c) => ({ op: 'd', reg: `SPENDSGIR:${sgi(c)}`, size: 1, value: c.one([1, 1, 4, 6, 0xff]) }) },
  { weight: 2, make: (c) => ({ op: 'd', reg: `CPENDSGIR:${sgi(c)}`, size: 1, value: c.one([1, 1, 4, 0xff]) }) },
  { weight: 1, make: (c) => ({ op: 'd', reg: `${c.one(['SPENDSGIR', 'CPENDSGIR'])}:${sgi(c)}`, size: 1 }) },
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
    weight: 5,
    make: (c, on) => ({
      op: 'msr',
      reg: `ICC_${c.one(['SGI1R', 'SGI1R', 'SGI1R', 'SGI0R', 'ASGI1R'])}_EL1`,
      value: `0x${(BigInt((sgi(c) << 24) | c.between(0, 3)) | (c.chance(20) ? 1n << 40n : 0n)).toString(16)}`,
      cpu: cpu(c, on),
    }),
  },
  { weight: 2, make: (c, on) => ({ op: 'msr', reg: 'ICC_BPR0_EL1', value: hex(c.between(0, 7)), cpu: cpu(c, on) }) },
  { weight: 1, make: (c, on) => ({ op: 'msr', reg: 'ICC_IGRPEN0_EL1', value: c.one([0, 1, 1]), cpu: cpu(c, on) }) },
  { weight: 2, make: (c, on) => ({ op: 'msr', reg: 'ICC_CTLR_EL1', value: c.between(0, 3), cpu: cpu(c, on) }) },
  {
    weight: 1,
    make: (c, on) => ({
      op: 'msr',
      reg: `ICC_AP${c.between(0, 1)}R0_EL1`,
      value: c.one(['0x0', '0x0', '0x100000', '0x10000']),
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

const ITS_READABLE = ['CTLR', 'TYPER', 'IIDR', 'CBASER', 'CWRITER', 'CREADR', 'BASER:0', 'BASER:8', 'BASER:16'];
const TABLES = ['0x8000000042100200', '0x8000000042100200', '0x8000000042100001', '0x0', '0xc000000042180100'];

/** What software does to the ITS itself: off and on, its tables elsewhere or smaller, its queue from the beginning. */
const ITS_CONTROL_ROWS: readonly VirtRow[] = [
  { weight: 3, make: (c) => ({ op: 'its_reg', reg: c.one(ITS_READABLE), size: c.one([4, 4, 8]) }) },
  { weight: 2, make: (c) => ({ op: 'its_reg', reg: 'CTLR', value: c.one([0, 1, 1]) }) },
  { weight: 1, make: (c) => ({ op: 'its_reg', reg: 'CREADR', size: 8, value: hex(32 * c.between(0, 9)) }) },
  { weight: 1, make: (c) => ({ op: 'its_reg', reg: 'BASER:0', size: 8, value: c.one(TABLES) }) },
  {
    weight: 1,
    make: (c) => ({
      op: 'its_reg',
      reg: 'CBASER',
      size: 8,
      value: c.one(['0x800000004200000f', '0x8000000042000001']),
    }),
  },
  { weight: 2, make: (c, on) => ({ op: 'r', frame: 'r', reg: 'CTLR', value: c.one([0, 1, 1]), cpu: cpu(c, on) }) },
  {
    weight: 1,
    make: (c, on) => ({
      op: 'r',
      frame: 'r',
      reg: 'PROPBASER',
      size: 8,
      value: c.one(['0x4230000f', '0x4230000f', '0x4230000d', '0x4230000c']),
      cpu: cpu(c, on),
    }),
  },
];

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
  { weight: 3, make: (c, on) => ({ op: 'sync', cpu: anyCpu(c, on) }) },
  { weight: 3, make: (c) => ({ op: 'rawcmd', d: [c.one(UNKNOWN), 0, 0, 0] }) },
  { weight: 5, make: (c) => ({ op: 'translate', event: event(c) }) },
  { weight: 8, make: (c) => ({ op: 'lpi_config', intid: lpi(c), prio: priority(c), enable: c.chance(80) ? 1 : 0 }) },
];

/** The rows of each controller. */
export const VIRT_ROWS: Readonly<Record<Board['backend'], readonly VirtRow[]>> = {
  gicv2: [...GIC_ROWS, ...GICV2_ROWS],
  gicv3: [...GIC_ROWS, ...GICV3_ROWS],
  its: [
    ...ITS_ROWS,
    ...ITS_CONTROL_ROWS,
    ...CPU_ROWS,
    ...[...GIC_ROWS, ...GICV3_ROWS].map((r) => ({ ...r, weight: Math.ceil(r.weight / 5) })),
  ],
};
