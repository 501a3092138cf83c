// @table
// Where a virt machine has its controllers, and where guest memory holds what the oracle puts there. QEMU: `hw/arm/virt.c`, base_memmap.

export const GICD = 0x08000000;
export const GICC = 0x08010000;
export const GITS = 0x08080000;
export const GITS_TRANSLATER = 0x08090040;
const GICR = 0x080a0000;
/** RD_base and SGI_base of a CPU, 64 KiB each. */
const GICR_STRIDE = 0x20000;
export const SGI_FRAME = 0x10000;

/** RD_base of a CPU. */
export const redistributor = (cpu: number): number => GICR + cpu * GICR_STRIDE;

/** Input lines for SPIs; those for the PPIs of CPU 0, 1, … follow, 32 for each. */
export const SPI_LINES = 256;

/** Guest memory in MiB; it begins at 0x40000000, with the device tree. */
export const MEMORY = 128;

/** Code of the CPU agent, and its mailboxes: a page of each CPU, none shared with code. */
export const AGENT = { code: 0x41000000, mailboxes: 0x41010000, mailboxSize: 0x1000 } as const;

/** Tables of the ITS and of the LPIs; memory is zero at start. */
export const ITS_MEMORY = {
  commands: 0x42000000,
  devices: 0x42100000,
  collections: 0x42200000,
  properties: 0x42300000,
  pending: 0x42400000,
  pendingSize: 0x10000,
  itts: 0x43000000,
  /** Room for 2^14 entries of 12 bytes: MAPI needs events as high as LPIs. */
  ittSize: 0x40000,
} as const;

/** First LPI. */
export const FIRST_LPI = 8192;

/** Pending table of a CPU. */
export const pendingTable = (cpu: number): number => ITS_MEMORY.pending + cpu * ITS_MEMORY.pendingSize;
