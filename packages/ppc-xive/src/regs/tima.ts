// The thread interrupt management area: the four rings, and the accesses that have effects. QEMU: hw/intc/xive.c; Linux: arch/powerpc/include/asm/xive-regs.h.

import { registers } from '@virq/irq-core/registers';
import { TM } from '../hw/tima.ts';

const RULES = { sizes: [4, 8], align: 'natural', endian: 'big', wrongSize: 'all-ones' } as const;

const NSR_OS = { EO: 31 } as const;
const NSR_HV = { HE: [31, 30] } as const;
const HE = ['none', 'pool', 'physical', 'LSI'];
const PRIORITIES = { CPPR: [23, 16], IPB: [15, 8] } as const;

/** The rings as words; which bytes a page shows is in the views of hw/tima-views.ts. */
export const TIMA = registers(
  'TIMA',
  'context of the accessing thread: four rings of 16 bytes, repeated through the first 2 KiB of each of four pages',
  {
    USER_W2: { at: 0x08, access: 'RW', fields: { VU: 31, server: [30, 0] }, doc: 'valid; logical server' },
    OS_W0: { at: 0x10, access: 'RW', reset: 0xff, fields: { ...NSR_OS, ...PRIORITIES, LSMFB: [7, 0] } },
    OS_W1: { at: 0x14, access: 'RW', reset: 0xff00ffff, fields: { ACK: [31, 24], AGE: [15, 8], PIPR: [7, 0] } },
    OS_W2: { at: 0x18, access: 'RW', fields: { VO: 31, HO: 30, CAM: [27, 0] }, doc: 'P9 CAM: 23:0, no HO' },
    POOL_W0: {
      at: 0x20,
      access: 'RW',
      fields: { IPB: [15, 8], LSMFB: [7, 0] },
      doc: 'NSR, CPPR and PIPR: physical ring',
    },
    POOL_W2: { at: 0x28, access: 'RW', fields: { VP: 31, CAM: [27, 0] } },
    PHYS_W0: { at: 0x30, access: 'RW', fields: { ...NSR_HV, ...PRIORITIES, LSMFB: [7, 0] }, values: { HE } },
    PHYS_W1: { at: 0x34, access: 'RW', reset: 0xff, fields: { PIPR: [7, 0] } },
    PHYS_W2: { at: 0x38, access: 'RW', fields: { VT: 31, LP: 25, LE: 24, T: 0 } },
  },
  RULES,
);

const ACK = { NSR: [15, 8], CPPR: [7, 0] } as const;

/** Accesses above 2 KiB. */
export const TIMA_SPECIAL = registers(
  'TIMA special operations',
  'second 2 KiB of each page: accesses that change the context',
  {
    ACK_OS_REG: {
      at: TM.ACK_OS_REG,
      access: 'RC',
      width: 16,
      sizes: [2],
      fields: ACK,
      doc: 'OS page. Takes the exception',
    },
    SET_OS_PENDING: {
      at: TM.SET_OS_PENDING,
      access: 'WO',
      width: 8,
      sizes: [1],
      doc: 'OS page. A priority becomes pending',
    },
    PULL_OS_CTX: { at: TM.PULL_OS_CTX, access: 'RC', sizes: [4, 8], fields: { VO: 31 }, doc: 'HV page. Old word 2' },
    PULL_POOL_CTX: {
      at: TM.PULL_POOL_CTX,
      access: 'RC',
      sizes: [4, 8],
      fields: { VP: 31 },
      doc: 'HV page. Old word 2',
    },
    ACK_HV_REG: { at: TM.ACK_HV_REG, access: 'RC', width: 16, sizes: [2], fields: ACK, doc: 'HV page' },
  },
  { sizes: [1, 2, 4, 8], align: 'natural', endian: 'big', wrongSize: 'all-ones' },
);
