// Where the guest's Linux has its tables for LPIs. Its page allocator is not modelled: each table has an address of its own in the first MiB of memory, ITSs follow.

import { RAM_BASE } from '../options.ts';

const KIB_64 = 0x10000;

/** GICR_PROPBASER: a byte per LPI. */
export const CONFIG_TABLE = RAM_BASE + 0x10000;
/** GICR_PENDBASER of a CPU. */
export const pendingTable = (cpu: number): number => RAM_BASE + 0x100000 + cpu * KIB_64;

/** Bytes an ITS's queue has (ITS_CMD_QUEUE_SZ), and an entry of it. */
export const QUEUE_BYTES = KIB_64;
export const COMMAND_BYTES = 32;

/** Memory of one ITS: queue, first level of the device table, collections, then second levels, then ITTs. */
const ITS_BYTES = 0x800000;
const itsMemory = (its: number): number => RAM_BASE + 0x3000000 + its * ITS_BYTES;
export const queueOf = (its: number): number => itsMemory(its);
export const deviceTableOf = (its: number): number => itsMemory(its) + KIB_64;
export const collectionTableOf = (its: number): number => itsMemory(its) + 2 * KIB_64;
/** Page `n` of the second level. */
export const secondLevelOf = (its: number, n: number): number => itsMemory(its) + (3 + n) * KIB_64;
/** Start of the ITTs, behind the eight pages that 16-bit DeviceIDs can need. */
export const ittsOf = (its: number): number => itsMemory(its) + 11 * KIB_64;
