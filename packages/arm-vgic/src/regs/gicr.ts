// The two frames of a redistributor as KVM has them. Arm IHI 0069 12.10, 12.11; Linux: vgic-mmio-v3.c vgic_v3_rd_registers.

import { registers } from '@virq/irq-core/registers';
import { RULES } from './rules.ts';

/** Bytes of a frame, and of the two of a redistributor. */
export const FRAME_BYTES = 0x10000;
export const REDISTRIBUTOR_BYTES = 2 * FRAME_BYTES;

/** Sizes of accesses that reach a 64-bit register. */
const WIDE = [4, 8];

/** One bit for each private interrupt. */
const bit = (at: number, access: 'RW' | 'W1S' | 'W1C', spec: string) =>
  ({ at, access, per: 'INTID', bits: 1, count: 32, spec }) as const;

/** RD_base: LPIs, and who the redistributor belongs to. */
export const GICR_RD = registers(
  'GICR (RD_base)',
  'Arm IHI 0069',
  {
    CTLR: { at: 0x0000, access: 'RW', fields: { RWP: 3, IR: 2, CES: 1, enableLPIs: 0 }, spec: '12.11.2' },
    IIDR: { at: 0x0004, access: 'RO', reset: 0x4b00043b, spec: '12.11.9' },
    TYPER: {
      at: 0x0008,
      access: 'RO',
      width: 64,
      sizes: WIDE,
      fields: { affinity: [63, 32], processor: [23, 8], last: 4, PLPIS: 0 },
      spec: '12.11.40',
    },
    STATUSR: { at: 0x0010, access: 'RAZ/WI', spec: '12.11.38' },
    WAKER: { at: 0x0014, access: 'RAZ/WI', doc: 'never asleep', spec: '12.11.42' },
    PROPBASER: {
      at: 0x0070,
      access: 'RW',
      width: 64,
      sizes: WIDE,
      reset: 0x580,
      fields: { outerCache: [58, 56], address: [51, 12], shareability: [11, 10], innerCache: [9, 7], IDbits: [4, 0] },
      doc: 'one for all redistributors; ignored while LPIs are on',
      spec: '12.11.33',
    },
    PENDBASER: {
      at: 0x0078,
      access: 'RW',
      width: 64,
      sizes: WIDE,
      fields: { PTZ: 62, outerCache: [58, 56], address: [51, 16], shareability: [11, 10], innerCache: [9, 7] },
      doc: 'PTZ reads as zero; ignored while LPIs are on',
      spec: '12.11.32',
    },
    INVLPIR: { at: 0x00a0, access: 'WO', width: 64, sizes: WIDE, spec: '12.11.20' },
    INVALLR: { at: 0x00b0, access: 'WO', width: 64, sizes: WIDE, spec: '12.11.19' },
    SYNCR: { at: 0x00c0, access: 'WI', fields: { busy: 0 }, spec: '12.11.39' },
    ID_LOW: { at: 0xffd0, access: 'RAZ/WI', per: 'register', bits: 32, count: 6 },
    PIDR2: { at: 0xffe8, access: 'RO', reset: 0x3b, spec: '12.11' },
    ID_HIGH: { at: 0xffec, access: 'RAZ/WI', per: 'register', bits: 32, count: 5 },
  },
  RULES,
);

/** SGI_base: the vCPU's own interrupts, INTID 0 to 31. */
export const GICR_SGI = registers(
  'GICR (SGI_base)',
  'Arm IHI 0069',
  {
    IGROUPR0: bit(0x0080, 'RW', '12.11.11'),
    ISENABLER0: bit(0x0100, 'W1S', '12.11.23'),
    ICENABLER0: bit(0x0180, 'W1C', '12.11.5'),
    ISPENDR0: bit(0x0200, 'W1S', '12.11.26'),
    ICPENDR0: bit(0x0280, 'W1C', '12.11.7'),
    ISACTIVER0: bit(0x0300, 'W1S', '12.11.21'),
    ICACTIVER0: bit(0x0380, 'W1C', '12.11.3'),
    IPRIORITYR: { at: 0x0400, access: 'RW', per: 'INTID', bits: 8, count: 32, sizes: [1, 4], spec: '12.11.16' },
    ICFGR: { at: 0x0c00, access: 'RW', per: 'INTID', bits: 2, count: 32, spec: '12.11.6' },
    IGRPMODR0: { at: 0x0d00, access: 'RAZ/WI', spec: '12.11.13' },
    NSACR: { at: 0x0e00, access: 'RAZ/WI', spec: '12.11.31' },
  },
  RULES,
);
