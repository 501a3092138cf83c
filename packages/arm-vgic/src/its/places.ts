// Where a VMM's small firmware puts the tables of LPIs and ITSs in guest memory, when the guest has not said so itself.

/** Guest physical addresses, bytes. Those of one ITS; the next one's follow at `stride`. */
export const ITS_PLACES = {
  commands: 0x42000000,
  devices: 0x42100000,
  collections: 0x42200000,
  properties: 0x42300000,
  /** A pending table of 64 KiB per vCPU. */
  pending: 0x42400000,
  itts: 0x43000000,
  /** Interrupt translation tables lie this far apart; there is room for 256. */
  itt: 0x40000,
  /** Tables and queues of one ITS are 64 KiB each. */
  stride: 0x10000,
} as const;

const ITTS = 256;
/** Devices of an ITS before those of the next begin. */
const DEVICES_APART = 64;

/** Bytes of the command queue. */
export const QUEUE_BYTES = 0x10000;

/** Interrupt translation table of a device of an ITS; with many devices some share. */
export const ittPlace = (its: number, device: number): number =>
  ITS_PLACES.itts + ((its * DEVICES_APART + device) % ITTS) * ITS_PLACES.itt;

/** Pending table of a vCPU. */
export const pendingPlace = (vcpu: number): number => ITS_PLACES.pending + vcpu * ITS_PLACES.stride;
