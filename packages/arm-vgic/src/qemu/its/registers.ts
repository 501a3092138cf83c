// Registers of QEMU's ITS, control frame. Arm IHI 0069 12.19; QEMU 7.2: hw/intc/arm_gicv3_its.c its_readl, its_writell.

import { registers } from '@virq/irq-core/registers';

const WIDE = [4, 8];

/** High words of GITS_BASER after reset: type, entries of 8 bytes; and the low word: pages of 64 KiB. */
export const BASER_TYPE = { DEVICE: 0x01070000, COLLECTION: 0x04070000 } as const;
export const PAGES_64K = 0x200;

const baser = (at: number, resetHigh: number) =>
  ({
    at,
    access: 'RW',
    width: 64,
    sizes: WIDE,
    reset: PAGES_64K,
    resetHigh,
    fields: { valid: 63, indirect: 62, type: [58, 56], entrySize: [52, 48], pageSize: [9, 8], size: [7, 0] },
    spec: '12.19.1',
  }) as const;

/** Bits of the high word of GITS_BASER that no write changes: type and entry size. */
export const BASER_FIXED = 0x071f0000;

/** GITS, 64 KiB. */
export const GITS = registers(
  'GITS (QEMU)',
  'Arm IHI 0069; QEMU 7.2',
  {
    CTLR: { at: 0x000, access: 'RW', fields: { quiescent: 31, enabled: 0 }, spec: '12.19.5' },
    IIDR: { at: 0x004, access: 'RO', reset: 0x43b, spec: '12.19.7' },
    TYPER: {
      at: 0x008,
      access: 'RO',
      width: 64,
      sizes: WIDE,
      reset: 0x0001efb1,
      resetHigh: 0x1f,
      fields: {
        CIL: 36,
        CIDbits: [35, 32],
        PTA: 19,
        devbits: [17, 13],
        IDbits: [12, 8],
        ITTEntrySize: [7, 4],
        physical: 0,
      },
      spec: '12.19.10',
    },
    CBASER: {
      at: 0x080,
      access: 'RW',
      width: 64,
      sizes: WIDE,
      fields: { valid: 63, address: [51, 12], size: [7, 0] },
      spec: '12.19.2',
      doc: 'ignored while enabled; CREADR becomes 0',
    },
    CWRITER: { at: 0x088, access: 'RW', width: 64, sizes: WIDE, fields: { offset: [19, 5] }, spec: '12.19.6' },
    CREADR: {
      at: 0x090,
      access: 'RW',
      width: 64,
      sizes: WIDE,
      fields: { offset: [19, 5], stalled: 0 },
      spec: '12.19.4',
      doc: 'can be written: GICD_CTLR.DS is 1',
    },
    BASER0: baser(0x100, BASER_TYPE.DEVICE),
    BASER1: baser(0x108, BASER_TYPE.COLLECTION),
    BASER_REST: { at: 0x110, access: 'RAZ/WI', per: 'table', bits: 64, count: 6, sizes: WIDE },
    IDREGS: { at: 0xffd0, access: 'RO', per: 'register', bits: 32, count: 12 },
  },
  { sizes: [4], align: 'natural', wrongSize: 'raz', misaligned: 'raz', hole: 'raz' },
);
