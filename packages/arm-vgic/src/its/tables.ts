// Where entries of the device and collection tables lie, and whether an id has a place there. Linux: vgic-its.c vgic_its_check_id, vgic_its_check_event_id.

import type { Ram } from '../memory/ram.ts';
import { ENTRY_BYTES, join, loadEntry } from './entries.ts';
import type { Device } from './layout.ts';

/** Bytes of the pages an ITS uses, and entries in one. */
export const PAGE = 0x10000;
export const PAGE_ENTRIES = PAGE / ENTRY_BYTES;

/** GITS_BASER as it says where a table is: bits 47:12 with 15:12 as bits 51:48 of the address. */
export const tableAt = (hi: number, lo: number): number =>
  join(((lo >>> 12) & 0xf) * 0x10000 + (hi & 0xffff), (lo & 0xffff0000) >>> 0);
/** Bytes of the table of a GITS_BASER. */
export const tableBytes = (lo: number): number => ((lo & 0xff) + 1) * PAGE;
/** GITS_BASER.Indirect and Valid, in the high word. */
export const BASER = { INDIRECT: 1 << 30, VALID: 0x80000000 } as const;

/** No place for an id. */
export const NOWHERE = -1;

/** Address of the entry of a device or collection in the table of a GITS_BASER; {@link NOWHERE} if the table has none or it is not visible. Valid is not looked at. */
export function entryOf(ram: Ram, hi: number, lo: number, id: number): number {
  if (id > 0xffff) return NOWHERE;
  const base = tableAt(hi, lo);
  const size = tableBytes(lo) / ENTRY_BYTES;
  if ((hi & BASER.INDIRECT) === 0) return id < size ? visible(ram, base + id * ENTRY_BYTES) : NOWHERE;
  const index = Math.floor(id / PAGE_ENTRIES);
  if (index >= size) return NOWHERE;
  const entry = loadEntry(ram, base + index * ENTRY_BYTES);
  if (entry === null || entry.hi < BASER.VALID) return NOWHERE;
  return visible(ram, pageOf(entry.hi, entry.lo) + (id % PAGE_ENTRIES) * ENTRY_BYTES);
}

/** Page a level 1 entry names, bits 51:16. */
export const pageOf = (hi: number, lo: number): number => join(hi & 0xfffff, (lo & 0xffff0000) >>> 0);

const visible = (ram: Ram, address: number): number => (ram.isVisible(address) ? address : NOWHERE);

/** Address of the ITE of an event, {@link NOWHERE} if the device has no such event or it is not visible. */
export const iteOf = (ram: Ram, device: Device, event: number): number =>
  event < 2 ** device.bits ? visible(ram, join(device.ittHi, device.ittLo) + event * ENTRY_BYTES) : NOWHERE;
