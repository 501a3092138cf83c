// XIVE2 of POWER10 as firmware programs it. QEMU: `hw/intc/pnv_xive2.c`, `pnv_xive2_regs.h`, `include/hw/ppc/{pnv,pnv_xscom,xive2_regs}.h`.

import { bit, ENABLED, field, type Generation, pirOf, type Stores } from './generation.ts';
import { descriptor, TABLE } from './tables.ts';

const XSCOM = 0x603fc00000000n + (0x2010800n << 3n);
const IC = 0x6030200000000n;
const ESB = 0x6050000000000n;
const END = 0x6060000000000n;

/** Registers: page of the interrupt controller, offset in it; XSCOM has 256 registers of each page. */
const REGISTER = {
  CQ_IC_BAR: [0, 0x040],
  CQ_ESB_BAR: [0, 0x050],
  CQ_END_BAR: [0, 0x058],
  VC_VSD_TABLE_ADDR: [1, 0x000],
  VC_VSD_TABLE_DATA: [1, 0x008],
  TCTXT_EN0_SET: [3, 0x010],
} as const;

const VALID = bit(0);
const PAGES_64K = bit(1);
/** VST_*: numbers of the tables. */
const SELECT = { esb: 0, eas: 1, end: 2, nvt: 3 } as const;
/** Sizes of the ESB and the END region: 1 TiB and 2 TiB, as log2 − 24. */
const ESB_RANGE = 16n;
const END_RANGE = 17n;
const NOTIFY_PAGE = 4n;
/** The TIMA of a thread is one page, chosen by its PIR; the PIR's two low bits are also the page of the TIMA. */
const INDIRECT_PAGE = 256n;

const set = (register: keyof typeof REGISTER, value: bigint): Stores[number] => {
  const [page, offset] = REGISTER[register];
  return [XSCOM + BigInt(page * 0x800 + offset), value];
};

const table = (name: keyof typeof SELECT): Stores => [
  set('VC_VSD_TABLE_ADDR', field(SELECT[name], 15)),
  set('VC_VSD_TABLE_DATA', descriptor(TABLE[name])),
];

/** POWER10. It always has StoreEOI. */
export const POWER10: Generation = {
  machine: 'powernv10',
  esb: ESB,
  endEsb: END,
  notify: IC + NOTIFY_PAGE * 0x10000n,
  lsi: { esb: 0x6030202000000n, shift: 16 },
  setUp: () => [
    set('CQ_IC_BAR', VALID | PAGES_64K | IC),
    set('CQ_ESB_BAR', VALID | PAGES_64K | ESB | ESB_RANGE),
    set('CQ_END_BAR', VALID | PAGES_64K | END | END_RANGE),
    ...table('esb'),
    ...table('eas'),
    ...table('end'),
    ...table('nvt'),
    set('TCTXT_EN0_SET', ENABLED),
  ],
  timaOf: () => [],
  tima: (thread) => IC + (INDIRECT_PAGE + BigInt(pirOf(thread))) * 0x10000n,
  flags: {
    valid: 0x80000000,
    enqueue: 0x04000000,
    notify: 0x02000000,
    silent: 0x01000000,
    backlog: 0x00800000,
    unconditional: 0x00200000,
    escalate: 0x00100000,
  },
  format: 0x80000000,
  ignore: { word: 6, bit: 0x40000000 },
  queueSize: { word: 3, shift: 0 },
  nvt: { size: 32, ipb: 9 },
};
