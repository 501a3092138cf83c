// Registers of QEMU's GICv3: distributor and both frames of a redistributor. One security state: GICD_CTLR.DS is 1. Arm IHI 0069 12.9 - 12.11; QEMU 7.2: arm_gicv3_dist.c, arm_gicv3_redist.c.

import { registers } from '@virq/irq-core/registers';
import { IRQS } from '../machine.ts';

const RULES = { sizes: [4], align: 'natural', wrongSize: 'raz', misaligned: 'raz', hole: 'raz' } as const;
/** Words of a register with one bit per INTID that the frame reserves. */
const BIT_WORDS = 32;

/** A register with one bit for each interrupt, `words` of 32. */
const bitmap = (at: number, words: number, spec: string) =>
  ({ at, access: 'RW', per: '32 INTIDs', bits: 32, count: words, spec }) as const;

/** Rows that lie at the same offsets in the distributor and in SGI_base. */
const bank = (words: number) =>
  ({
    IGROUPR: bitmap(0x080, words, '12.9.9'),
    ISENABLER: bitmap(0x100, words, '12.9.16'),
    ICENABLER: bitmap(0x180, words, '12.9.7'),
    ISPENDR: bitmap(0x200, words, '12.9.18'),
    ICPENDR: bitmap(0x280, words, '12.9.8'),
    ISACTIVER: bitmap(0x300, words, '12.9.14'),
    ICACTIVER: bitmap(0x380, words, '12.9.5'),
    IPRIORITYR: {
      at: 0x400,
      access: 'RW',
      per: 'INTID',
      bits: 8,
      count: 32 * words,
      sizes: [1, 4],
      spec: '12.9.20',
    },
    ICFGR: { at: 0xc00, access: 'RW', per: '16 INTIDs', bits: 32, count: 2 * words, spec: '12.9.9' },
  }) as const;

const IDREGS = { at: 0xffd0, access: 'RO', per: 'register', bits: 32, count: 12 } as const;
const IIDR = { access: 'RO', reset: 0x43b, fields: { implementer: [11, 0] } } as const;

/** GICD, 64 KiB. */
export const GICD = registers(
  'GICD (QEMU GICv3)',
  'Arm IHI 0069; QEMU 7.2',
  {
    CTLR: {
      at: 0x000,
      access: 'RW',
      reset: 0x50,
      writable: 3,
      fields: { DS: 6, ARE: 4, enableGrp1: 1, enableGrp0: 0 },
      spec: '12.9.4',
    },
    TYPER: {
      at: 0x004,
      access: 'RO',
      reset: 0x037a0000 + (IRQS - 32) / 32 - 1,
      fields: { No1N: 25, A3V: 24, IDbits: [23, 19], LPIS: 17, lines: [4, 0] },
      spec: '12.9.38',
    },
    IIDR: { at: 0x008, ...IIDR, spec: '12.9.11' },
    STATUSR: { at: 0x010, access: 'RAZ/WI', spec: '12.9.37' },
    ...bank(BIT_WORDS),
    ITARGETSR: { at: 0x800, access: 'RAZ/WI', per: 'INTID', bits: 8, count: 1024, sizes: [1, 4] },
    IROUTER: { at: 0x6000, access: 'RW', per: 'INTID', bits: 64, count: 1020, sizes: [4, 8], spec: '12.9.22' },
    IDREGS,
  },
  RULES,
);

const WIDE = [4, 8];

/** RD_base of a redistributor, 64 KiB. */
export const GICR_RD = registers(
  'GICR RD_base (QEMU GICv3)',
  'Arm IHI 0069; QEMU 7.2',
  {
    CTLR: { at: 0x000, access: 'RW', fields: { CES: 1, enableLPIs: 0 }, spec: '12.11.2' },
    IIDR: { at: 0x004, ...IIDR, spec: '12.11.19' },
    TYPER: {
      at: 0x008,
      access: 'RO',
      width: 64,
      sizes: WIDE,
      fields: { affinity: [63, 32], commonLPIAff: [25, 24], processor: [23, 8], last: 4, PLPIS: 0 },
      spec: '12.11.41',
    },
    STATUSR: { at: 0x010, access: 'RAZ/WI', spec: '12.11.39' },
    WAKER: { at: 0x014, access: 'RW', reset: 6, fields: { childrenAsleep: 2, processorSleep: 1 }, spec: '12.11.44' },
    PROPBASER: {
      at: 0x070,
      access: 'RW',
      width: 64,
      sizes: WIDE,
      fields: { address: [51, 12], IDbits: [4, 0] },
      spec: '12.11.34',
    },
    PENDBASER: {
      at: 0x078,
      access: 'RW',
      width: 64,
      sizes: WIDE,
      fields: { PTZ: 62, address: [51, 16] },
      spec: '12.11.32',
    },
    IDREGS,
  },
  RULES,
);

/** SGI_base of a redistributor, 64 KiB. */
export const GICR_SGI = registers('GICR SGI_base (QEMU GICv3)', 'Arm IHI 0069; QEMU 7.2', bank(1), RULES);
