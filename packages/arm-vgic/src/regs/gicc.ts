// The GICv2 CPU interface: what a guest has at its GICC is the host's GICV, and what user space has of it. Arm IHI 0048B 4.4, 5.5; Linux: arch/arm64/kvm/vgic/vgic-mmio-v2.c vgic_v2_cpu_registers.

import { type Behaviours, type Block, behave, registers } from '@virq/irq-core/registers';
import { deactivateInterrupt } from '../cpuif/acknowledge.ts';
import { readHppir, readIar, writeEoir } from '../cpuif/gicv.ts';
import type { CpuPort } from '../cpuif/port.ts';
import { minimumBpr1, PREBITS, runningPriority } from '../cpuif/priorities.ts';

const IAR = { source: [12, 10], intid: [9, 0] } as const;

/** 8 KiB. */
export const GICC = registers(
  'GICC (GICv2)',
  'Arm IHI 0048B',
  {
    CTLR: {
      at: 0x00,
      access: 'RW',
      writable: 0x21f,
      fields: { EOImode: 9, CBPR: 4, FIQEn: 3, AckCtl: 2, EnableGrp1: 1, EnableGrp0: 0 },
      spec: '4.4.1',
    },
    PMR: { at: 0x04, access: 'RW', writable: 0xf8, fields: { priority: [7, 0] }, spec: '4.4.2' },
    BPR: { at: 0x08, access: 'RW', writable: 7, fields: { binaryPoint: [2, 0] }, spec: '4.4.3' },
    IAR: { at: 0x0c, access: 'RO', fields: IAR, spec: '4.4.4' },
    EOIR: { at: 0x10, access: 'WO', fields: IAR, spec: '4.4.5' },
    RPR: { at: 0x14, access: 'RO', reset: 0xff, fields: { priority: [7, 0] }, spec: '4.4.6' },
    HPPIR: { at: 0x18, access: 'RO', fields: IAR, spec: '4.4.7' },
    ABPR: { at: 0x1c, access: 'RW', writable: 7, fields: { binaryPoint: [2, 0] }, spec: '4.4.8' },
    AIAR: { at: 0x20, access: 'RO', fields: IAR, spec: '4.4.9' },
    AEOIR: { at: 0x24, access: 'WO', fields: IAR, spec: '4.4.10' },
    AHPPIR: { at: 0x28, access: 'RO', fields: IAR, spec: '4.4.11' },
    APR: { at: 0xd0, access: 'RW', per: 'word of 32 priorities', bits: 32, count: 4, spec: '4.4.12' },
    IIDR: {
      at: 0xfc,
      access: 'RO',
      reset: 0x0202143b,
      fields: { product: [31, 20], architecture: [19, 16], revision: [15, 12], implementer: [11, 0] },
      spec: '4.4.14',
    },
    DIR: { at: 0x1000, access: 'WO', fields: IAR, spec: '4.4.15' },
  },
  { sizes: [4], align: 'natural', wrongSize: 'raz', misaligned: 'raz', hole: 'raz' },
);

/** Where GICC_DIR is: in a page of its own. */
export const DIR_OFFSET = 0x1000;
/** What user space reads of GICC_IIDR: KVM's product, architecture 2, Arm. */
const USER_IIDR = 0x04b2043b;
const PMR_SHIFT = 3;

const nothing = (): void => undefined;
const raz = (): number => 0;
/** A register that user space does not have. */
const guestOnly = { save: raz, restore: nothing } as const;

function readCtlr({ c: { vmcr } }: CpuPort): number {
  const { enable0, enable1, ackCtl, fiqEn, cbpr, eoiMode } = vmcr;
  return enable0 | (enable1 << 1) | (ackCtl << 2) | (fiqEn << 3) | (cbpr << 4) | (eoiMode << 9);
}

function writeCtlr({ c: { vmcr } }: CpuPort, value: number): void {
  vmcr.enable0 = value & 1;
  vmcr.enable1 = (value >>> 1) & 1;
  vmcr.ackCtl = (value >>> 2) & 1;
  vmcr.fiqEn = (value >>> 3) & 1;
  vmcr.cbpr = (value >>> 4) & 1;
  vmcr.eoiMode = (value >>> 9) & 1;
}

/** BPR or ABPR: a guest cannot go below the minimum, user space can. */
const binaryPoint = (field: 'bpr0' | 'bpr1', least: number) =>
  ({
    read: ({ c }: CpuPort) => c.vmcr[field],
    write({ c }: CpuPort, value: number) {
      c.vmcr[field] = Math.max(value & 7, least);
    },
    restore({ c }: CpuPort, value: number) {
      c.vmcr[field] = value & 7;
    },
  }) as const;

/** Linux: both groups share the registers; a GICv2 host has one, a GICv3 host with 32 priorities too. */
const HAS_APRS = 1;

const BEHAVIOURS: Behaviours<CpuPort, keyof typeof GICC.rows> = {
  CTLR: { read: readCtlr, write: writeCtlr },
  PMR: {
    read: ({ c }) => c.vmcr.pmr,
    write({ c }, value) {
      c.vmcr.pmr = value;
    },
    save: ({ c }) => c.vmcr.pmr >>> PMR_SHIFT,
    restore({ c, v }, value) {
      c.vmcr.pmr = (value << PMR_SHIFT) & 0xf8;
      v.pmr = c.vmcr.pmr;
    },
  },
  BPR: binaryPoint('bpr0', minimumBpr1(PREBITS) - 1),
  ABPR: binaryPoint('bpr1', minimumBpr1(PREBITS)),
  IAR: { read: ({ c }) => readIar(c, false), ...guestOnly },
  AIAR: { read: ({ c }) => readIar(c, true), ...guestOnly },
  EOIR: { write: ({ c, physical }, value) => writeEoir(c, value, false, physical), ...guestOnly },
  AEOIR: { write: ({ c, physical }, value) => writeEoir(c, value, true, physical), ...guestOnly },
  HPPIR: { read: ({ c }) => readHppir(c, false), ...guestOnly },
  AHPPIR: { read: ({ c }) => readHppir(c, true), ...guestOnly },
  RPR: { read: ({ c }) => runningPriority(c), ...guestOnly },
  APR: {
    read: ({ c }, n) => (n < HAS_APRS ? c.ap1.get(n) : 0),
    write({ c }, value, n) {
      if (n < HAS_APRS) c.ap1.set(n, value);
    },
  },
  IIDR: { save: () => USER_IIDR, restore: nothing },
  DIR: { write: ({ c, physical }, value) => void deactivateInterrupt(c, value & 0x1fff, physical), ...guestOnly },
};

/** The registers: guest's side and user space's (`save`, `restore`). DIR is for CPUs whose guests reach GICV_DIR. */
export const gicc: Block<CpuPort> = behave(GICC, BEHAVIOURS);

const USER_REGISTERS: ReadonlySet<number> = new Set([0x00, 0x04, 0x08, 0x1c, 0xd0, 0xd4, 0xd8, 0xdc, 0xfc]);

/** Whether user space knows the register at an offset (KVM_DEV_ARM_VGIC_GRP_CPU_REGS); `trapsDir` for kernels that have GICC_DIR among them. */
export const hasGicc = (offset: number, trapsDir: boolean): boolean =>
  USER_REGISTERS.has(offset) || (trapsDir && offset === DIR_OFFSET);

/** What user space reads; 0 where there is no register. */
export const getGicc = (p: CpuPort, offset: number): number => Math.max(0, gicc.save(p, offset));

/** What user space writes; ignored where there is no register. */
export const setGicc = (p: CpuPort, offset: number, value: number): void => void gicc.restore(p, offset, value);
