// Registers of the ITS, control frame and translation frame, 128 KiB. Arm IHI 0069, ITS register summary; Linux: arch/arm64/kvm/vgic/vgic-its.c its_registers.

import { registers } from '@virq/irq-core/registers';

const BASER_FIELDS = {
  valid: 63,
  indirect: 62,
  innerCache: [61, 59],
  type: [58, 56],
  outerCache: [55, 53],
  entrySize: [52, 48],
  address: [47, 12],
  shareability: [11, 10],
  pageSize: [9, 8],
  size: [7, 0],
} as const;

/** Sizes of accesses that reach a 64-bit register. */
const WIDE = [4, 8];

/** Values of GITS_BASER0 and GITS_BASER1 after creation, and what of the high word no write changes: type and entry size. */
export const BASER_RESET = { LOW: 0x600, DEVICE: 0x19070000, COLLECTION: 0x1c070000, FIXED: 0x071f0000 } as const;

/** The map. */
export const GITS = registers(
  'GITS',
  'Arm IHI 0069: ITS control frame; vgic-its.c',
  {
    CTLR: { at: 0x0000, access: 'RW', reset: 0x80000000, fields: { enabled: 0, quiescent: 31 } },
    IIDR: {
      at: 0x0004,
      access: 'RO',
      reset: 0x4b00043b,
      fields: { productId: [31, 24], revision: [15, 12], implementer: [11, 0] },
      doc: 'revision is that of the tables in memory; user space can write it',
    },
    TYPER: { at: 0x0008, access: 'RO', width: 64, sizes: WIDE, reset: 0x1ef71 },
    CBASER: { at: 0x0080, access: 'RW', width: 64, sizes: WIDE, doc: 'ignored while enabled' },
    CWRITER: { at: 0x0088, access: 'RW', width: 64, sizes: WIDE },
    CREADR: { at: 0x0090, access: 'RO', width: 64, sizes: WIDE, doc: 'user space can write it while disabled' },
    BASER0: {
      at: 0x0100,
      access: 'RW',
      width: 64,
      sizes: WIDE,
      reset: BASER_RESET.LOW,
      resetHigh: BASER_RESET.DEVICE,
      fields: BASER_FIELDS,
    },
    BASER1: {
      at: 0x0108,
      access: 'RW',
      width: 64,
      sizes: WIDE,
      reset: BASER_RESET.LOW,
      resetHigh: BASER_RESET.COLLECTION,
      fields: BASER_FIELDS,
    },
    BASER_REST: { at: 0x0110, access: 'RAZ/WI', per: 'table', bits: 64, count: 6, sizes: WIDE },
    PIDR4: { at: 0xffd0, access: 'RO', reset: 0x40 },
    PIDR5_7: { at: 0xffd4, access: 'RAZ/WI', per: 'register', bits: 32, count: 3 },
    PIDR0: { at: 0xffe0, access: 'RO', reset: 0x92 },
    PIDR1: { at: 0xffe4, access: 'RO', reset: 0xb4 },
    PIDR2: { at: 0xffe8, access: 'RO', reset: 0x3b },
    PIDR3: { at: 0xffec, access: 'RAZ/WI' },
    CIDR0: { at: 0xfff0, access: 'RO', reset: 0x0d },
    CIDR1: { at: 0xfff4, access: 'RO', reset: 0xf0 },
    CIDR2: { at: 0xfff8, access: 'RO', reset: 0x05 },
    CIDR3: { at: 0xfffc, access: 'RO', reset: 0xb1 },
  },
  { sizes: [4], align: 'natural', wrongSize: 'raz', misaligned: 'raz', hole: 'raz' },
);

const SHAREABILITY = [0, 1, 1, 3] as const;
const INNER = [3, 3, 2, 3, 4, 5, 6, 7] as const;
const OUTER = [0, 1, 0, 0, 0, 0, 0, 0] as const;

/** Low word with shareability as KVM keeps it: outer becomes inner. */
export const sanitiseLow = (lo: number): number =>
  ((lo & ~0xc00) | ((SHAREABILITY[(lo >>> 10) & 3] as number) << 10)) >>> 0;
/** High word with cacheability as KVM keeps it: never uncached inside, outside as inside or uncached. */
export const sanitiseHigh = (hi: number): number =>
  ((hi & ~0x38e00000) | ((INNER[(hi >>> 27) & 7] as number) << 27) | ((OUTER[(hi >>> 21) & 7] as number) << 21)) >>> 0;
