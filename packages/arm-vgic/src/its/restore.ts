// Restoring the tables from guest memory, ABI revision 0: collections first, then devices with their ITEs. Linux: vgic-its.c vgic_its_restore_tables_v0, scan_its_table.

import { ERRNO } from '@virq/irq-core/errors';
import { INTID } from '../irq/layout.ts';
import type { ItsContext } from './context.ts';
import { irqTargetOf, vcpuOf } from './context.ts';
import { ENTRY_BYTES, loadEntry, unpackCte, unpackDte, unpackIte } from './entries.ts';
import { UNMAPPED } from './layout.ts';
import { addMapping, collectionPlace, devicePlace } from './map-commands.ts';
import { BASER, iteOf, NOWHERE, PAGE, pageOf, tableAt, tableBytes } from './tables.ts';

const { EFAULT, EINVAL, EEXIST } = ERRNO;

/** Steps to the next entry; 0 ends the scan, negative is an errno. `id` is that of the entry. */
type Visit = (id: number, entry: { lo: number; hi: number }) => number;

/** A stretch of a table. */
interface Stretch {
  readonly at: number;
  readonly bytes: number;
  readonly firstId: number;
}

/** Walks by what visits answer: 1 when it ran past the end, else what ended it. */
function scan({ ram }: ItsContext, { at, bytes, firstId }: Stretch, visit: Visit): number {
  for (let offset = 0; offset < bytes; ) {
    const entry = loadEntry(ram, at + offset);
    if (entry === null) return -EFAULT;
    const step = visit(firstId + offset / ENTRY_BYTES, entry);
    if (step <= 0) return step;
    offset += step * ENTRY_BYTES;
  }
  return 1;
}

function restoreCte(its: ItsContext, word: { lo: number; hi: number }): number {
  const { maps } = its;
  const { valid, target, id } = unpackCte(word);
  if (!valid) return 0;
  if (target !== UNMAPPED && vcpuOf(its, target) < 0) return -EINVAL;
  if (maps.collection(id) !== 0) return -EEXIST;
  if (collectionPlace(its, id) === NOWHERE) return -EINVAL;
  const collection = maps.addCollection(id);
  if (collection < 0) return collection;
  maps.collectionAt(collection).target = target;
  return 1;
}

function restoreCollections(its: ItsContext): number {
  const { collectionTableHi: hi, collectionTableLo: lo } = its.state;
  if (hi < BASER.VALID) return 0;
  const table = { at: tableAt(hi, lo), bytes: tableBytes(lo), firstId: 0 };
  return Math.min(
    0,
    scan(its, table, (_id, word) => restoreCte(its, word)),
  );
}

function restoreIte(its: ItsContext, device: number, { event, word }: RestoredIte): number {
  const { maps, ram } = its;
  const { next, lpi, collection: icid } = unpackIte(word);
  if (lpi === 0) return 1;
  if (lpi < INTID.LPI || event + next >= 2 ** maps.deviceAt(device).bits) return -EINVAL;
  const collection = maps.collection(icid);
  if (collection === 0 || iteOf(ram, maps.deviceAt(device), event) === NOWHERE) return -EINVAL;
  const handle = its.lpis.add(lpi, irqTargetOf(its, maps.collectionAt(collection)));
  return handle < 0 ? handle : addMapping(its, device, { event, collection, lpi: handle }) || next;
}

interface RestoredIte {
  readonly event: number;
  readonly word: { lo: number; hi: number };
}

function restoreDte(its: ItsContext, id: number, word: { lo: number; hi: number }): number {
  const { maps } = its;
  const { valid, next, itt, bits } = unpackDte(word);
  if (!valid) return 1;
  if ((its.policy.checksDte && bits > 16) || devicePlace(its, id) === NOWHERE) return -EINVAL;
  const device = maps.addDevice(id, itt, bits);
  if (device < 0) return device;
  const table = { at: itt, bytes: 2 ** bits * ENTRY_BYTES, firstId: 0 };
  const result = scan(its, table, (event, ite) => restoreIte(its, device, { event, word: ite }));
  if (result >= 0) return next;
  maps.freeDevice(device);
  return result;
}

function restoreDevices(its: ItsContext): number {
  const { deviceTableHi: hi, deviceTableLo: lo } = its.state;
  if (hi < BASER.VALID) return 0;
  const table: Stretch = { at: tableAt(hi, lo), bytes: tableBytes(lo), firstId: 0 };
  const device: Visit = (id, word) => restoreDte(its, id, word);
  const page: Visit = (index, word) =>
    word.hi < BASER.VALID
      ? 1
      : scan(its, { at: pageOf(word.hi, word.lo), bytes: PAGE, firstId: (index * PAGE) / ENTRY_BYTES }, device);
  return Math.min(0, scan(its, table, (hi & BASER.INDIRECT) === 0 ? device : page));
}

/**
 * KVM_DEV_ARM_ITS_RESTORE_TABLES: 0, -EFAULT for tables outside memslots, -EINVAL for entries that cannot be, -EEXIST for a collection that is there. On an error nothing is
 * left. LPIs have no upper bound here, unlike in MAPTI.
 */
export function restoreTables(its: ItsContext): number {
  const collections = restoreCollections(its);
  const error = collections === 0 ? restoreDevices(its) : collections;
  if (error === 0) return 0;
  if (collections === 0) its.maps.freeDevices();
  its.maps.freeCollections();
  return error;
}
