// Where the virtual structure tables and the event queues of a powernv machine lie in guest memory. QEMU reads them at every event
// and keeps no cache, so a changed entry counts at once and no scrub or flush is needed.

/** Guest memory in MiB: the least a powernv machine takes. */
export const MEMORY = 1024;

/** log2 of a table's size; each has 64 KiB. */
const SHIFT = 16;

/** One table each for ESBs, EASs, ENDs and NVTs: address of entry 0. QEMU loads firmware, device tree and kernel below; here memory is zero. */
export const TABLE = { esb: 0x30000000, eas: 0x30010000, end: 0x30020000, nvt: 0x30030000 } as const;

/** A virtual structure descriptor: mode exclusive, direct, with its size. QEMU: `include/hw/ppc/pnv_xive.h`, VSD_*. */
export const descriptor = (address: number): bigint => (2n << 62n) | BigInt(address) | BigInt(SHIFT - 12);

/** Sizes of an EAS and of an END in bytes; both generations have the same. */
export const EAS_SIZE = 8;
export const END_SIZE = 32;

const QUEUES = 0x31000000;
/** Room for one event queue, in bytes: 64 KiB and a guard as large. */
const QUEUE_STRIDE = 0x20000;

/** Address of the event queue of an END. */
export const queueAddress = (end: number): number => QUEUES + end * QUEUE_STRIDE;
