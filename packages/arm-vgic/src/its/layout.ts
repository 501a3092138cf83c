// State of an ITS: what the kernel keeps of devices, their interrupt translation entries and collections. Linux: arch/arm64/kvm/vgic/vgic-its.c struct its_device, its_ite,
// its_collection, include/kvm/arm_vgic.h struct vgic_its.

import { array, bits, handle, pool, struct, u1, u8, u16, u32, u64, type View } from '@virq/irq-core/arena';
import { lock } from '@virq/irq-core/protocol';

/** Target of a collection that no MAPC has mapped. */
export const UNMAPPED = 0xffffffff;

/** Ends of a list. */
export const Ends = struct('ends', { first: handle, last: handle });

/** A device. `itt` is the address of its interrupt translation table, `bits` are those of an EventID. */
export const Device = struct('device', {
  id: u32,
  bits: u8,
  itt: u64,
  list: Ends,
  next: handle,
});
export type Device = View<typeof Device>;

/** An ITE. `collection` is 0 once MAPC V=0 has taken it away; `lpi` is a slot of the VM's LPIs. */
export const Ite = struct('ite', { event: u32, collection: handle, lpi: handle, next: handle });
export type Ite = View<typeof Ite>;

/** A collection: `target` is a vCPU as the kernel's RDbase names it, or {@link UNMAPPED}. */
export const Collection = struct('collection', { id: u16, target: u32, next: handle });
export type Collection = View<typeof Collection>;

/** What a place of a translation cache is: nothing was there ever; a translation is there; one was, and searches go on behind it. */
export const PLACE = { FREE: 0, USED: 1, GONE: 2 } as const;

/** A place of a translation cache. `doorbell` tells ITSs apart in the list of a VM. */
export const CacheEntry = struct('cacheEntry', {
  state: bits(2),
  doorbell: u64,
  device: u32,
  event: u32,
  lpi: handle,
});

/** Sizes of {@link itsLayout}. */
export interface ItsSizes {
  readonly devices: number;
  readonly ites: number;
  readonly collections: number;
  /** Entries of the cache, a power of two for the map. */
  readonly cache: number;
}

/** One ITS. */
export const itsLayout = ({ devices, ites, collections, cache }: ItsSizes) =>
  struct('its', {
    enabled: u1,
    hasBase: u1,
    base: u64,
    cbaser: u64,
    creadr: u32,
    cwriter: u32,
    deviceTable: u64,
    collectionTable: u64,
    deviceList: Ends,
    collectionList: Ends,
    devices: pool(Device, devices),
    ites: pool(Ite, ites),
    collections: pool(Collection, collections),
    cache: array(CacheEntry, cache),
    cmdLock: lock,
    itsLock: lock,
  });
export type ItsState = View<ReturnType<typeof itsLayout>>;
