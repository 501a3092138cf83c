// XIVE of POWER9 as firmware programs it. QEMU: `hw/intc/pnv_xive.c`, `pnv_xive_regs.h`, `include/hw/ppc/{pnv,pnv_xscom,xive_regs}.h`.

import { bit, ENABLED, field, type Generation, pirOf, type Stores } from './generation.ts';
import { descriptor, TABLE } from './tables.ts';

const XSCOM = 0x603fc00000000n + (0x5013000n << 3n);
const IC = 0x6030203100000n;
const VC = 0x6010000000000n;
const VC_SIZE = 1n << 39n;

/** Registers by their offset; XSCOM reaches all of them. */
const REGISTER = {
  CQ_IC_BAR: 0x080n,
  CQ_VC_BAR: 0x0c0n,
  CQ_VC_BARM: 0x0c8n,
  CQ_TAR: 0x0f0n,
  CQ_TDR: 0x0f8n,
  PC_TCTXT_INDIR0: 0x420n,
  PC_THREAD_EN_REG0_SET: 0x448n,
  VC_VSD_TABLE_ADDR: 0x808n,
  VC_VSD_TABLE_DATA: 0x810n,
  VC_SBC_CONFIG: 0xa20n,
} as const;

const VALID = bit(0);
const PAGES_64K = bit(1);
/** VST_TSEL_*: numbers of the tables. */
const SELECT = { eas: 0, esb: 1, end: 2, nvt: 3 } as const;

/** The domain table divides the VC region into 64 sets: half for ESBs of sources, half for those of ENDs. */
const SETS = 64;
const FIRST_END_SET = 32;
const EDT_IPI = field(1, 1);
const EDT_END = field(2, 1);
const INDIRECT_TIMA = IC + 0x40000n;

const set = (register: keyof typeof REGISTER, value: bigint): Stores[number] => [XSCOM + REGISTER[register], value];

const table = (name: keyof typeof SELECT): Stores => [
  set('VC_VSD_TABLE_ADDR', field(SELECT[name], 15)),
  set('VC_VSD_TABLE_DATA', descriptor(TABLE[name])),
];

const domains = (): Stores => [
  set('CQ_TAR', bit(0) | bit(15)),
  ...Array.from({ length: SETS }, (_, i) => set('CQ_TDR', i < FIRST_END_SET ? EDT_IPI : EDT_END)),
];

/** POWER9. */
export const POWER9: Generation = {
  machine: 'powernv9',
  esb: VC,
  endEsb: VC + (VC_SIZE / BigInt(SETS)) * BigInt(FIRST_END_SET),
  notify: IC + 0x10000n,
  lsi: { esb: 0x60302031c0000n, shift: 12 },
  setUp: (storeEoi) => [
    set('CQ_IC_BAR', VALID | PAGES_64K | IC),
    set('CQ_VC_BARM', (1n << 64n) - VC_SIZE),
    set('CQ_VC_BAR', VALID | VC),
    ...domains(),
    ...table('esb'),
    ...table('eas'),
    ...table('end'),
    ...table('nvt'),
    ...(storeEoi ? [set('VC_SBC_CONFIG', bit(44))] : []),
    set('PC_THREAD_EN_REG0_SET', ENABLED),
  ],
  timaOf: (thread) => [set('PC_TCTXT_INDIR0', VALID | field(pirOf(thread), 15))],
  tima: (_thread, page) => INDIRECT_TIMA + BigInt(page) * 0x10000n,
  flags: {
    valid: 0x80000000,
    enqueue: 0x40000000,
    notify: 0x20000000,
    backlog: 0x10000000,
    escalate: 0x04000000,
    unconditional: 0x02000000,
    silent: 0x01000000,
  },
  format: 0x00800000,
  ignore: { word: 7, bit: 0x80000000 },
  queueSize: { word: 0, shift: 16 },
  nvt: { size: 64, ipb: 18 },
};
