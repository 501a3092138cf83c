// Registers of QEMU's GICv2: distributor, byte by byte, and CPU interface. Arm IHI 0048B; QEMU 7.2: hw/intc/arm_gic.c gic_dist_readb, gic_cpu_read.

import { registers } from '@virq/irq-core/registers';
import { IRQS } from '../machine.ts';

/** Widths of accesses that the distributor takes: everywhere all. */
const ANY = [1, 2, 4];
const RULES = { sizes: ANY, align: 'natural', wrongSize: 'raz', misaligned: 'raz', hole: 'raz' } as const;

const bit = (at: number, spec: string) => ({ at, access: 'RW', per: 'INTID', bits: 1, count: IRQS, spec }) as const;

/** The distributor, 4 KiB. */
export const GICD = registers(
  'GICD (QEMU GICv2)',
  'Arm IHI 0048B; QEMU 7.2',
  {
    CTLR: { at: 0x000, access: 'RW', writable: 3, fields: { enableGrp0: 0, enableGrp1: 1 }, spec: '4.3.1' },
    TYPER: { at: 0x004, access: 'RO', reset: IRQS / 32 - 1, fields: { cpus: [7, 5], lines: [4, 0] }, spec: '4.3.2' },
    IIDR: { at: 0x008, access: 'RO', reset: 0x43b, spec: '4.3.3' },
    IGROUPR: bit(0x080, '4.3.4'),
    ISENABLER: bit(0x100, '4.3.5'),
    ICENABLER: bit(0x180, '4.3.6'),
    ISPENDR: bit(0x200, '4.3.7'),
    ICPENDR: bit(0x280, '4.3.8'),
    ISACTIVER: bit(0x300, '4.3.9'),
    ICACTIVER: bit(0x380, '4.3.10'),
    IPRIORITYR: { at: 0x400, access: 'RW', per: 'INTID', bits: 8, count: IRQS, spec: '4.3.11' },
    ITARGETSR: { at: 0x800, access: 'RAZ/WI', per: 'INTID', bits: 8, count: IRQS, spec: '4.3.12', doc: 'one CPU' },
    ICFGR: { at: 0xc00, access: 'RW', per: 'INTID', bits: 2, count: IRQS, spec: '4.3.13' },
    SGIR: {
      at: 0xf00,
      access: 'WO',
      sizes: [4],
      fields: { filter: [25, 24], targets: [23, 16], intid: [3, 0] },
      values: { filter: ['listed', 'all but self', 'self', 'all'] },
      spec: '4.3.15',
    },
    CPENDSGIR: { at: 0xf10, access: 'RW', per: 'SGI', bits: 8, count: 16, spec: '4.3.16' },
    SPENDSGIR: { at: 0xf20, access: 'RW', per: 'SGI', bits: 8, count: 16, spec: '4.3.17' },
    IDREGS: { at: 0xfd0, access: 'RO', per: 'register', bits: 32, count: 12, spec: '4.3.18' },
  },
  RULES,
);

/** The CPU interface, 8 KiB. An access reaches the whole register at its offset, whatever its width. */
export const GICC = registers(
  'GICC (QEMU GICv2)',
  'Arm IHI 0048B; QEMU 7.2',
  {
    CTLR: {
      at: 0x00,
      access: 'RW',
      writable: 0x21f,
      fields: { enableGrp0: 0, enableGrp1: 1, AckCtl: 2, FIQEn: 3, CBPR: 4, EOImode: 9 },
      spec: '4.4.1',
    },
    PMR: { at: 0x04, access: 'RW', writable: 0xff, spec: '4.4.2' },
    BPR: { at: 0x08, access: 'RW', writable: 7, spec: '4.4.3' },
    IAR: { at: 0x0c, access: 'RO', fields: { cpu: [12, 10], intid: [9, 0] }, spec: '4.4.4' },
    EOIR: { at: 0x10, access: 'WO', spec: '4.4.5' },
    RPR: { at: 0x14, access: 'RO', spec: '4.4.6' },
    HPPIR: { at: 0x18, access: 'RO', spec: '4.4.7' },
    ABPR: { at: 0x1c, access: 'RW', writable: 7, spec: '4.4.8' },
    APR: { at: 0xd0, access: 'RW', per: 'register', bits: 32, count: 4, spec: '4.4.13' },
    NSAPR: { at: 0xe0, access: 'RW', per: 'register', bits: 32, count: 4, spec: '4.4.14' },
    IIDR: { at: 0xfc, access: 'RO', reset: 0x2043b, spec: '4.4.16' },
    DIR: { at: 0x1000, access: 'WO', spec: '4.4.17' },
  },
  { ...RULES, sizes: [4] },
);
