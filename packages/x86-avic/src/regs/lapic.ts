// Local APIC registers in the 4 KiB page at 0xfee00000. Intel SDM vol. 3, chapter 11, table 11-1; in x2APIC mode MSR 0x800 + offset / 16.

import { type RegisterSpec, registers } from '@virq/irq-core/registers';

const MODES = ['Fixed', 'LowPrio', 'SMI', 'reserved', 'NMI', 'INIT', 'SIPI', 'ExtINT'] as const;
const vectors = (at: number, doc: string): RegisterSpec => ({
  at,
  access: 'RO',
  per: 'vector',
  bits: 1,
  count: 256,
  stride: 16,
  doc,
});
const lvt = (at: number, writable: number, doc: string): RegisterSpec => ({
  at,
  access: 'RW',
  reset: 0x10000,
  writable,
  doc,
  fields: {
    vector: [7, 0],
    DM: [10, 8],
    status: 12,
    polarity: 13,
    remoteIRR: 14,
    trigger: 15,
    mask: 16,
    timerMode: [18, 17],
  },
  values: { DM: MODES, timerMode: ['one-shot', 'periodic', 'TSC-deadline'] },
  spec: '11.5.1',
});

/** The map. Writes must be 4 bytes and aligned to 16; others are dropped. */
export const LAPIC = registers(
  'LAPIC',
  'Intel SDM volume 3, chapter 11 (local APIC)',
  {
    ID: { at: 0x20, access: 'RW', writable: 0xff000000, fields: { id: [31, 24] }, spec: '11.4.6' },
    LVR: {
      at: 0x30,
      access: 'RO',
      reset: 0x50014,
      fields: { directedEOI: 24, maxLVT: [23, 16], version: [7, 0] },
      spec: '11.4.8',
    },
    TPR: { at: 0x80, access: 'RW', writable: 0xff, fields: { class: [7, 4], subclass: [3, 0] }, spec: '11.8.3.1' },
    APR: { at: 0x90, access: 'RO', doc: 'reads 0', spec: '11.6.2.4' },
    PPR: { at: 0xa0, access: 'RO', fields: { class: [7, 4], subclass: [3, 0] }, spec: '11.8.3.1' },
    EOI: { at: 0xb0, access: 'WO', spec: '11.8.5' },
    RRR: { at: 0xc0, access: 'RAZ/WI' },
    LDR: { at: 0xd0, access: 'RW', writable: 0xff000000, fields: { logicalId: [31, 24] }, spec: '11.6.2.2' },
    DFR: {
      at: 0xe0,
      access: 'RW',
      reset: 0xffffffff,
      writable: 0xf0000000,
      fields: { model: [31, 28] },
      spec: '11.6.2.2',
    },
    SVR: {
      at: 0xf0,
      access: 'RW',
      reset: 0xff,
      writable: 0x3ff,
      fields: { vector: [7, 0], enable: 8, focus: 9, suppressEOI: 12 },
      spec: '11.9',
    },
    ISR: vectors(0x100, 'in service'),
    TMR: vectors(0x180, 'trigger mode: 1 level'),
    IRR: vectors(0x200, 'requested'),
    ESR: { at: 0x280, access: 'RW', spec: '11.5.3' },
    LVT_CMCI: lvt(0x2f0, 0x117ff, 'corrected machine check'),
    ICR_LOW: {
      at: 0x300,
      access: 'RW',
      fields: {
        vector: [7, 0],
        DM: [10, 8],
        destinationMode: 11,
        busy: 12,
        level: 14,
        trigger: 15,
        shorthand: [19, 18],
      },
      values: {
        DM: MODES,
        destinationMode: ['physical', 'logical'],
        shorthand: ['none', 'self', 'all', 'all but self'],
      },
      spec: '11.6.1',
    },
    ICR_HIGH: { at: 0x310, access: 'RW', writable: 0xff000000, fields: { destination: [31, 24] }, spec: '11.6.1' },
    LVT_TIMER: lvt(0x320, 0x710ff, 'timer'),
    LVT_THERMAL: lvt(0x330, 0x117ff, 'thermal sensor'),
    LVT_PMC: lvt(0x340, 0x117ff, 'performance counters'),
    LVT_LINT0: lvt(0x350, 0x1f7ff, 'pin LINT0'),
    LVT_LINT1: lvt(0x360, 0x1f7ff, 'pin LINT1'),
    LVT_ERROR: lvt(0x370, 0x110ff, 'error'),
    TMICT: { at: 0x380, access: 'RW', doc: 'initial count', spec: '11.5.4' },
    TMCCT: { at: 0x390, access: 'RO', doc: 'current count', spec: '11.5.4' },
    TDCR: { at: 0x3e0, access: 'RW', writable: 0xb, fields: { divide2: 3, divide10: [1, 0] }, spec: '11.5.4' },
    SELF_IPI: { at: 0x3f0, access: 'WO', doc: 'x2APIC only', spec: '11.12.11' },
  },
  { sizes: [1, 2, 4], align: 1, wrongSize: 'ignore', hole: 'raz' },
);
