// Devices, ITEs and collections of an ITS, in the order they were made. Linux: vgic-its.c find_its_device, find_ite, vgic_its_free_device, vgic_its_free_collection.

import { ERRNO } from '@virq/irq-core/errors';
import { append, remove } from './chain.ts';
import { type Collection, type Device, type Ite, type ItsState, UNMAPPED } from './layout.ts';
import type { Lpis } from './lpis.ts';

/** Mappings by handle; 0 for none. */
export interface Mappings {
  device(id: number): number;
  ite(device: number, event: number): number;
  collection(id: number): number;
  deviceAt(device: number): Device;
  iteAt(ite: number): Ite;
  collectionAt(collection: number): Collection;
  /** Handle, or -ENOMEM. */
  addDevice(id: number, itt: number, bits: number): number;
  /** A collection without target. Handle, or -ENOMEM. */
  addCollection(id: number): number;
  /** Takes over the caller's reference to the LPI; -ENOMEM leaves it with the caller. */
  addIte(device: number, event: number, mapping: { collection: number; lpi: number }): number;
  /** Takes an ITE away: handle of its LPI, whose reference is the caller's now. */
  removeIte(device: number, ite: number): number;
  /** The device that was made first, 0 for none. */
  firstDevice(): number;
  freeDevice(device: number): void;
  /** ITEs of the collection stay, without one. */
  freeCollection(collection: number): void;
  freeDevices(): void;
  freeCollections(): void;
  /** True for a collection that has a target; false for 0. */
  isMapped(collection: number): boolean;
  /** Calls for each ITE of the ITS. */
  eachIte(visit: (ite: Ite) => void): void;
}

/** Looks up a slot of a list. */
function search<V extends { next: number }>(first: number, at: (h: number) => V, is: (v: V) => boolean): number {
  for (let h = first; h !== 0; h = at(h).next) if (is(at(h))) return h;
  return 0;
}

/** Creates mappings over zeroed state. */
export function createMappings(state: ItsState, lpis: Lpis): Mappings {
  const { devices, ites, collections, deviceList, collectionList } = state;
  const deviceAt = (h: number): Device => devices.at(h);
  const iteAt = (h: number): Ite => ites.at(h);
  const collectionAt = (h: number): Collection => collections.at(h);

  function eachIte(visit: (ite: Ite) => void): void {
    for (let d = deviceList.first; d !== 0; d = deviceAt(d).next)
      for (let i = deviceAt(d).list.first; i !== 0; i = iteAt(i).next) visit(iteAt(i));
  }

  function removeIte(device: number, ite: number): number {
    const { lpi } = iteAt(ite);
    remove(ites, deviceAt(device).list, ite);
    ites.free(ite);
    if (lpis.at(lpi).hw === 1) lpis.forwarding.unmap(lpis.at(lpi));
    return lpi;
  }

  function freeDevice(device: number): void {
    const { list } = deviceAt(device);
    while (list.first !== 0) lpis.put(removeIte(device, list.first));
    remove(devices, deviceList, device);
    devices.free(device);
  }

  function freeCollection(collection: number): void {
    eachIte((ite) => {
      if (ite.collection === collection) ite.collection = 0;
    });
    remove(collections, collectionList, collection);
    collections.free(collection);
  }

  return {
    device: (id) => search(deviceList.first, deviceAt, (d) => d.id === id),
    ite: (device, event) =>
      device === 0 ? 0 : search(deviceAt(device).list.first, iteAt, (ite) => ite.event === event),
    collection: (id) => search(collectionList.first, collectionAt, (c) => c.id === id),
    deviceAt,
    iteAt,
    collectionAt,
    addDevice(id, itt, bits) {
      const handle = devices.alloc();
      if (handle === 0) return -ERRNO.ENOMEM;
      const device = deviceAt(handle);
      device.id = id;
      device.ittLo = itt % 2 ** 32;
      device.ittHi = Math.floor(itt / 2 ** 32);
      device.bits = bits;
      append(devices, deviceList, handle);
      return handle;
    },
    addCollection(id) {
      const handle = collections.alloc();
      if (handle === 0) return -ERRNO.ENOMEM;
      collectionAt(handle).id = id;
      collectionAt(handle).target = UNMAPPED;
      append(collections, collectionList, handle);
      return handle;
    },
    addIte(device, event, { collection, lpi }) {
      const handle = ites.alloc();
      if (handle === 0) return -ERRNO.ENOMEM;
      iteAt(handle).event = event;
      iteAt(handle).collection = collection;
      iteAt(handle).lpi = lpi;
      append(ites, deviceAt(device).list, handle);
      return handle;
    },
    removeIte,
    firstDevice: () => deviceList.first,
    freeDevice,
    freeCollection,
    freeDevices() {
      while (deviceList.first !== 0) freeDevice(deviceList.first);
    },
    freeCollections() {
      while (collectionList.first !== 0) freeCollection(collectionList.first);
    },
    isMapped: (collection) => collection !== 0 && collectionAt(collection).target !== UNMAPPED,
    eachIte,
  };
}
