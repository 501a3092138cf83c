// Saving the tables to guest memory, ABI revision 0. Linux: vgic-its.c vgic_its_save_tables_v0. Words between entries are left as they are.

import { ERRNO } from '@virq/irq-core/errors';
import { assert } from '@virq/irq-core/protocol';
import type { ItsContext } from './context.ts';
import { clearEntry, ENTRY_BYTES, join, NEXT_MAX, packCte, packDte, packIte, storeEntry } from './entries.ts';
import type { Device, Ite } from './layout.ts';
import { devicePlace } from './map-commands.ts';
import { BASER, NOWHERE, tableAt, tableBytes } from './tables.ts';

const EFAULT = -ERRNO.EFAULT;

/** Handles of a list, in the order of a number. */
function sorted<V extends { next: number }>(first: number, at: (h: number) => V, by: (v: V) => number): V[] {
  const all: V[] = [];
  for (let h = first; h !== 0; h = at(h).next) all.push(at(h));
  return all.sort((a, b) => by(a) - by(b));
}

/** Distance to the next id, 0 for none. */
const distance = (from: number, to: number | undefined, max: number): number =>
  to === undefined ? 0 : Math.min(to - from, max);

function saveIte(its: ItsContext, device: Device, { ite, next }: { ite: Ite; next: Ite | undefined }): number {
  const at = join(device.ittHi, device.ittLo) + ite.event * ENTRY_BYTES;
  const irq = its.lpis.at(ite.lpi);
  if (irq.hw === 1 && !its.lpis.forwarding.isSavable) return -ERRNO.EACCES;
  assert(ite.collection !== 0 || its.policy.orphan === 'zero', 'vgic_its_save_ite: ite->collection is NULL');
  if (ite.collection === 0) return clearEntry(its.ram, at) ? 0 : EFAULT;
  const word = packIte({
    next: distance(ite.event, next?.event, NEXT_MAX.EVENT),
    lpi: irq.intid,
    collection: its.maps.collectionAt(ite.collection).id,
  });
  return storeEntry(its.ram, at, word) ? 0 : EFAULT;
}

function saveItt(its: ItsContext, device: Device): number {
  const ites = sorted(device.list.first, its.maps.iteAt, (ite) => ite.event);
  const follows = (ite: Ite): boolean => its.policy.eventNext === 'any' || ite.collection !== 0;
  for (const [i, ite] of ites.entries()) {
    const error = saveIte(its, device, { ite, next: ites.slice(i + 1).find(follows) });
    if (error !== 0) return error;
  }
  return 0;
}

function saveDevices(its: ItsContext): number {
  const { state, maps, ram, policy } = its;
  if (state.deviceTableHi < BASER.VALID) return 0;
  const all = sorted(state.deviceList.first, maps.deviceAt, (d) => d.id);
  const storable = (d: Device): boolean => devicePlace(its, d.id) !== NOWHERE;
  for (const [i, device] of all.entries()) {
    const at = devicePlace(its, device.id);
    if (at === NOWHERE && policy.unstorable === 'refuse') return -ERRNO.EINVAL;
    if (at === NOWHERE) continue;
    const error = saveItt(its, device);
    if (error !== 0) return error;
    const rest = all.slice(i + 1);
    const next = policy.unstorable === 'refuse' ? rest[0] : rest.find(storable);
    const dte = packDte({
      next: distance(device.id, next?.id, NEXT_MAX.DEVICE),
      itt: join(device.ittHi, device.ittLo),
      bits: device.bits,
    });
    if (!storeEntry(ram, at, dte)) return EFAULT;
  }
  return 0;
}

function saveCollections({ state, maps, ram }: ItsContext): number {
  if (state.collectionTableHi < BASER.VALID) return 0;
  const base = tableAt(state.collectionTableHi, state.collectionTableLo);
  let at = base;
  for (let h = state.collectionList.first; h !== 0; h = maps.collectionAt(h).next, at += ENTRY_BYTES)
    if (!storeEntry(ram, at, packCte(maps.collectionAt(h)))) return EFAULT;
  if (at === base + tableBytes(state.collectionTableLo)) return 0;
  return clearEntry(ram, at) ? 0 : EFAULT;
}

/** KVM_DEV_ARM_ITS_SAVE_TABLES: 0, -EFAULT, -EACCES for a forwarded LPI, -EINVAL on kernels that refuse unstorable devices. vCPUs do not run. */
export const saveTables = (its: ItsContext): number => saveDevices(its) || saveCollections(its);
