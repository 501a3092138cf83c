// Commands that make and undo mappings, with KVM's checks in its order. Linux: vgic-its.c vgic_its_cmd_handle_mapd, _mapc, _mapi.

import { ERRNO } from '@virq/irq-core/errors';
import { INTID } from '../irq/layout.ts';
import { E_ITS } from './codes.ts';
import { type ItsContext, irqTargetOf, vcpuOf } from './context.ts';
import { clearEntry, join } from './entries.ts';
import { entryOf, iteOf, NOWHERE } from './tables.ts';
import { EACH, EFFECT, type Work } from './work.ts';

/** Widest EventID and INTID, bits. */
const ID_BITS = 16;

/** Places of ids in the tables, {@link NOWHERE} for none. */
export const devicePlace = ({ ram, state }: ItsContext, id: number): number =>
  entryOf(ram, state.deviceTableHi, state.deviceTableLo, id);
export const collectionPlace = ({ ram, state }: ItsContext, id: number): number =>
  entryOf(ram, state.collectionTableHi, state.collectionTableLo, id);

/** MAPD: a device that is there goes first, with its ITEs. */
export function mapd(its: ItsContext, w: Work): number {
  if (devicePlace(its, w.device) === NOWHERE) return E_ITS.MAPD_DEVICE_OOR;
  if (w.valid === 1 && w.bits > ID_BITS) return E_ITS.MAPD_ITTSIZE_OOR;
  w.handle = its.maps.device(w.device);
  if (w.handle === 0) return 0;
  w.each = EACH.ITES;
  w.forget = 1;
  return 0;
}

/** The rest of MAPD. */
export function finishMapd(its: ItsContext, w: Work): number {
  const { maps, ram, policy } = its;
  if (w.handle !== 0) maps.freeDevice(w.handle);
  if (w.valid === 1) return Math.min(0, maps.addDevice(w.device, join(w.ittHi, w.ittLo), w.bits));
  return !policy.zeroesEntries || clearEntry(ram, devicePlace(its, w.device)) ? 0 : -ERRNO.EFAULT;
}

function unmapCollection({ maps }: ItsContext, w: Work): number {
  const old = maps.collection(w.icid);
  if (old !== 0) maps.freeCollection(old);
  w.forget = 1;
  return 0;
}

/** MAPC: a collection that has LPIs takes them along. */
export function mapc(its: ItsContext, w: Work): number {
  const { maps, policy } = its;
  if ((w.valid === 1 || policy.unmapChecksTarget) && vcpuOf(its, w.rdbase) < 0) return E_ITS.MAPC_PROCNUM_OOR;
  if (w.valid === 0) return unmapCollection(its, w);
  const collection = collectionFor(its, w.icid);
  if (collection < 0 || collection > 0xffff) return collection;
  maps.collectionAt(collection).target = w.rdbase;
  w.handle = collection;
  w.each = EACH.COLLECTION;
  w.effect = EFFECT.RETARGET;
  w.target = irqTargetOf(its, maps.collectionAt(collection));
  return 0;
}

/** The collection of an ICID, made unmapped if there is none: handle, code or -errno. */
function collectionFor(its: ItsContext, icid: number): number {
  const found = its.maps.collection(icid);
  if (found !== 0) return found;
  return collectionPlace(its, icid) === NOWHERE ? E_ITS.MAPC_COLLECTION_OOR : its.maps.addCollection(icid);
}

/** What is wrong with a mapping that is asked for, 0 for nothing. */
function mappingError(its: ItsContext, { device, event }: Work, intid: number): number {
  const handle = its.maps.device(device);
  if (handle === 0) return E_ITS.MAPTI_UNMAPPED_DEVICE;
  if (iteOf(its.ram, its.maps.deviceAt(handle), event) === NOWHERE) return E_ITS.MAPTI_ID_OOR;
  const end = 2 ** Math.min(its.redistributors.idBits(), ID_BITS);
  return intid < INTID.LPI || intid >= end ? E_ITS.MAPTI_PHYSICALID_OOR : 0;
}

/** What {@link addMapping} is to map; `collection` and `lpi` are handles. */
export interface NewMapping {
  readonly event: number;
  readonly collection: number;
  readonly lpi: number;
}

/** An ITE that takes over the caller's reference to the LPI: 0 or -errno, the reference dropped. */
export function addMapping({ maps, lpis }: ItsContext, device: number, { event, collection, lpi }: NewMapping): number {
  const ite = maps.addIte(device, event, { collection, lpi });
  if (ite < 0) lpis.put(lpi);
  return Math.min(0, ite);
}

function map(its: ItsContext, w: Work, intid: number): number {
  const { maps } = its;
  const error = mappingError(its, w, intid);
  if (error !== 0) return error;
  if (maps.ite(maps.device(w.device), w.event) !== 0) return 0;
  const known = maps.collection(w.icid);
  const collection = known === 0 ? collectionFor(its, w.icid) : known;
  if (collection < 0 || collection > 0xffff) return collection;
  w.handle = collection;
  w.fresh = known === 0 ? 1 : 0;
  w.wanted = intid;
  w.target = irqTargetOf(its, maps.collectionAt(collection));
  return 0;
}

/** MAPTI: an event that is mapped already stays as it is. */
export const mapti = (its: ItsContext, w: Work): number => map(its, w, w.intid);
/** MAPI: the EventID is the INTID. */
export const mapi = (its: ItsContext, w: Work): number => map(its, w, w.event);

/** The rest of both, with the LPI there or an errno: nothing is left behind then. */
export function finishMap(its: ItsContext, w: Work): number {
  if (w.wanted === 0) return 0;
  const { handle: collection, lpi, event, fresh } = w;
  const error = w.error === 0 ? addMapping(its, its.maps.device(w.device), { event, collection, lpi }) : -w.error;
  if (error !== 0 && fresh === 1) its.maps.freeCollection(collection);
  return error;
}
