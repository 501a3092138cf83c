// How KVM answers accesses that no register takes: they read as zero and write nothing. Linux: vgic-mmio.c check_region, dispatch_mmio_read.

/** Rules of all frames. */
export const RULES = { sizes: [4], align: 'natural', wrongSize: 'raz', misaligned: 'raz', hole: 'raz' } as const;
