// The distributor as KVM has it, GICv2 and GICv3. Arm IHI 0048B 4.3, IHI 0069 12.9; Linux: vgic-mmio-v2.c vgic_v2_dist_registers, vgic-mmio-v3.c vgic_v3_dist_registers.

import { registers } from '@virq/irq-core/registers';
import { RULES } from './rules.ts';

/** Interrupts that a distributor can have. */
const IRQS = 1024;

/** One bit per interrupt. */
const bit = (at: number, access: 'RW' | 'W1S' | 'W1C', spec: string) =>
  ({ at, access, per: 'INTID', bits: 1, count: IRQS, spec }) as const;

/** Rows that both have, at the same offsets. */
const COMMON = {
  IGROUPR: bit(0x080, 'RW', '4.3.4'),
  ISENABLER: bit(0x100, 'W1S', '4.3.5'),
  ICENABLER: bit(0x180, 'W1C', '4.3.6'),
  ISPENDR: bit(0x200, 'W1S', '4.3.7'),
  ICPENDR: bit(0x280, 'W1C', '4.3.8'),
  ISACTIVER: bit(0x300, 'W1S', '4.3.9'),
  ICACTIVER: bit(0x380, 'W1C', '4.3.10'),
  IPRIORITYR: { at: 0x400, access: 'RW', per: 'INTID', bits: 8, count: IRQS, sizes: [1, 4], spec: '4.3.11' },
  ICFGR: { at: 0xc00, access: 'RW', per: 'INTID', bits: 2, count: IRQS, spec: '4.3.13' },
} as const;

/** KVM's implementer and product; bits 15:12 the revision. */
const IIDR = {
  at: 0x008,
  access: 'RO',
  reset: 0x4b00343b,
  fields: { product: [31, 24], revision: [15, 12], implementer: [11, 0] },
} as const;

/** A byte for each SGI, a bit for each sender. */
const SENDERS = { access: 'RW', per: 'SGI', bits: 8, count: 16, sizes: [1, 4] } as const;

/** GICv2: 4 KiB. */
export const GICD_V2 = registers(
  'GICD (GICv2)',
  'Arm IHI 0048B',
  {
    CTLR: { at: 0x000, access: 'RW', writable: 1, fields: { enable: 0 }, spec: '4.3.1' },
    TYPER: { at: 0x004, access: 'RO', fields: { cpus: [7, 5], lines: [4, 0] }, spec: '4.3.2' },
    IIDR: { ...IIDR, spec: '4.3.3' },
    ...COMMON,
    ITARGETSR: { at: 0x800, access: 'RW', per: 'INTID', bits: 8, count: IRQS, sizes: [1, 4], spec: '4.3.12' },
    SGIR: {
      at: 0xf00,
      access: 'WO',
      fields: { filter: [25, 24], targets: [23, 16], intid: [3, 0] },
      values: { filter: ['listed', 'all but self', 'self'] },
      spec: '4.3.15',
    },
    CPENDSGIR: {
      ...SENDERS,
      at: 0xf10,
      doc: 'bits written 1 are cleared; a byte of zero has its effect too',
      spec: '4.3.16',
    },
    SPENDSGIR: {
      ...SENDERS,
      at: 0xf20,
      doc: 'bits written 1 are set; a byte of zero has its effect too',
      spec: '4.3.17',
    },
  },
  RULES,
);

/** GICv3: 64 KiB. Rows of the first 32 interrupts, which are the redistributors', read as zero. */
export const GICD_V3 = registers(
  'GICD (GICv3)',
  'Arm IHI 0069',
  {
    CTLR: {
      at: 0x000,
      access: 'RW',
      reset: 0x50,
      writable: 0x102,
      fields: { nASSGIreq: 8, DS: 6, ARE: 4, enableGrp1: 1 },
      spec: '12.9.4',
    },
    TYPER: { at: 0x004, access: 'RO', fields: { IDbits: [23, 19], LPIS: 17, lines: [4, 0] }, spec: '12.9.38' },
    IIDR: { ...IIDR, spec: '12.9.11' },
    TYPER2: { at: 0x00c, access: 'RO', fields: { nASSGIcap: 8 }, spec: '12.9.39' },
    STATUSR: { at: 0x010, access: 'WI', reset: 0xffffffff, spec: '12.9.37' },
    ...COMMON,
    ITARGETSR: { at: 0x800, access: 'RAZ/WI', per: 'INTID', bits: 8, count: IRQS, sizes: [1, 4] },
    IGRPMODR: { at: 0xd00, access: 'RAZ/WI', per: 'INTID', bits: 1, count: IRQS },
    IROUTER: { at: 0x6000, access: 'RW', per: 'INTID', bits: 64, count: 1020, sizes: [4, 8], spec: '12.9.22' },
    ID_LOW: { at: 0xffd0, access: 'RAZ/WI', per: 'register', bits: 32, count: 6 },
    PIDR2: { at: 0xffe8, access: 'RO', reset: 0x3b, spec: '12.9' },
    ID_HIGH: { at: 0xffec, access: 'RAZ/WI', per: 'register', bits: 32, count: 5 },
  },
  RULES,
);
