// Commands that make and undo mappings, with KVM's checks in its order. Linux: vgic-its.c vgic_its_cmd_handle_mapd, _mapc, _mapi.

import { ERRNO } from '@virq/irq-core/errors';
import { INTID } from '../irq/layout.ts';
import { E_ITS } from './codes.ts';
import type { Command } from './command.ts';
import { type ItsContext, irqTargetOf, vcpuOf } from './context.ts';
import { clearEntry } from './entries.ts';
import { entryOf, iteOf, NOWHERE } from './tables.ts';

/** Widest EventID and INTID, bits. */
const ID_BITS = 16;

/** Places of ids in the tables, {@link NOWHERE} for none. */
export const devicePlace = ({ ram, state }: ItsContext, id: number): number =>
  entryOf(ram, state.deviceTableHi, state.deviceTableLo, id);
export const collectionPlace = ({ ram, state }: ItsContext, id: number): number =>
  entryOf(ram, state.collectionTableHi, state.collectionTableLo, id);

/** MAPD. */
export function mapd(its: ItsContext, { device, valid, itt, bits }: Command): number {
  const { maps, cache, ram, policy } = its;
  const place = devicePlace(its, device);
  if (place === NOWHERE) return E_ITS.MAPD_DEVICE_OOR;
  if (valid && bits > ID_BITS) return E_ITS.MAPD_ITTSIZE_OOR;
  const old = maps.device(device);
  if (old !== 0) {
    maps.freeDevice(old);
    cache.clear();
  }
  if (valid) return Math.min(0, maps.addDevice(device, itt, bits));
  return !policy.zeroesEntries || clearEntry(ram, place) ? 0 : -ERRNO.EFAULT;
}

function unmapCollection({ maps, cache }: ItsContext, icid: number): number {
  const old = maps.collection(icid);
  if (old !== 0) maps.freeCollection(old);
  cache.clear();
  return 0;
}

/** Retargets a collection, and what it has. */
function retarget(its: ItsContext, collection: number, target: number): void {
  const { maps, lpis } = its;
  maps.collectionAt(collection).target = target;
  const vcpu = irqTargetOf(its, maps.collectionAt(collection));
  maps.eachIte((ite) => {
    if (ite.collection === collection) lpis.retarget(ite.lpi, vcpu);
  });
}

/** MAPC. */
export function mapc(its: ItsContext, { icid, valid, target }: Command): number {
  const { maps, policy } = its;
  if ((valid || policy.unmapChecksTarget) && vcpuOf(its, target) < 0) return E_ITS.MAPC_PROCNUM_OOR;
  if (!valid) return unmapCollection(its, icid);
  const collection = collectionFor(its, icid);
  if (collection < 0 || collection > 0xffff) return collection;
  retarget(its, maps.collection(icid), target);
  return 0;
}

/** The collection of an ICID, made unmapped if there is none: handle, code or -errno. */
function collectionFor(its: ItsContext, icid: number): number {
  const found = its.maps.collection(icid);
  if (found !== 0) return found;
  return collectionPlace(its, icid) === NOWHERE ? E_ITS.MAPC_COLLECTION_OOR : its.maps.addCollection(icid);
}

/** What is wrong with a mapping that is asked for, 0 for nothing. */
function mappingError(its: ItsContext, { device, event }: Command, intid: number): number {
  const handle = its.maps.device(device);
  if (handle === 0) return E_ITS.MAPTI_UNMAPPED_DEVICE;
  if (iteOf(its.ram, its.maps.deviceAt(handle), event) === NOWHERE) return E_ITS.MAPTI_ID_OOR;
  const end = 2 ** Math.min(its.redistributors.idBits(), ID_BITS);
  return intid < INTID.LPI || intid >= end ? E_ITS.MAPTI_PHYSICALID_OOR : 0;
}

/** An LPI with its ITE: 0 or -errno, with nothing left behind. */
export function addMapping(its: ItsContext, device: number, { event, collection, intid }: NewMapping): number {
  const { maps, lpis } = its;
  const lpi = lpis.add(intid, irqTargetOf(its, maps.collectionAt(collection)));
  if (lpi < 0) return lpi;
  const ite = maps.addIte(device, event, { collection, lpi });
  if (ite < 0) lpis.put(lpi);
  return Math.min(0, ite);
}

/** What {@link addMapping} is to map; `collection` is a handle. */
export interface NewMapping {
  readonly event: number;
  readonly collection: number;
  readonly intid: number;
}

function map(its: ItsContext, command: Command, intid: number): number {
  const { maps } = its;
  const error = mappingError(its, command, intid);
  if (error !== 0) return error;
  const device = maps.device(command.device);
  if (maps.ite(device, command.event) !== 0) return 0;
  const known = maps.collection(command.icid);
  const collection = known === 0 ? collectionFor(its, command.icid) : known;
  if (collection < 0 || collection > 0xffff) return collection;
  const result = addMapping(its, device, { event: command.event, collection, intid });
  if (result !== 0 && known === 0) maps.freeCollection(collection);
  return result;
}

/** MAPTI. */
export const mapti = (its: ItsContext, command: Command): number => map(its, command, command.intid);
/** MAPI: the EventID is the INTID. */
export const mapi = (its: ItsContext, command: Command): number => map(its, command, command.event);
