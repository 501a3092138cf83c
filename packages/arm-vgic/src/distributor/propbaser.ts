// GICR_PROPBASER and GICR_PENDBASER as KVM keeps them, by halves. Linux: vgic-mmio-v3.c vgic_sanitise_propbaser, vgic_sanitise_pendbaser.

const SHAREABILITY = [0, 1, 1, 3] as const;
/** Inner cacheability: never a device's, never uncached. */
const INNER = [3, 3, 2, 3, 4, 5, 6, 7] as const;

/** Bits of the low words that exist; of PENDBASER the address begins at bit 16. */
const LOW = { PROPBASER: ~0x60, PENDBASER: ~0xf07f } as const;
/** Bits of the high words: address to bit 51, outer cacheability, and of PENDBASER PTZ. */
const HIGH = { PROPBASER: 0x070fffff, PENDBASER: 0x470fffff } as const;

/** GICR_PENDBASER[62] in the high word: the table holds no pending bits. */
export const PTZ = 0x40000000;

function low(value: number): number {
  const shareability = SHAREABILITY[(value >>> 10) & 3] as number;
  const inner = INNER[(value >>> 7) & 7] as number;
  return (value & ~0xf80) | (shareability << 10) | (inner << 7);
}

/** Outer cacheability, bits 58:56: uncached, or as inside. */
const high = (value: number): number => (((value >>> 24) & 7) === 1 ? value : value & ~0x7000000);

/** What is kept of a half. */
export const sanitise = (register: 'PROPBASER' | 'PENDBASER', value: number, half: number): number =>
  (half === 0 ? low(value) & LOW[register] : high(value) & HIGH[register]) >>> 0;
