// The ITS's tables in guest memory, in QEMU's format: they are the only state of devices, events and collections. Entries of 8 bytes; an ITE has 12. QEMU 7.2: hw/intc/gicv3_internal.h
// DTE, CTE, ITE; arm_gicv3_its.c table_entry_addr, get_dte, get_cte, get_ite.

import { type Ram, UNREADABLE } from '../../memory/ram.ts';
import type { Table } from '../layout.ts';

/** What reading an entry came to. */
export const FOUND = { VALID: 'valid', INVALID: 'invalid', FAULT: 'fault' } as const;
export type Found = (typeof FOUND)[keyof typeof FOUND];

/** Place of an entry: an address, or why there is none. */
export const NOWHERE = { INVALID: -1, FAULT: -2 } as const;

const ENTRY = 8;
const ITE = 12;
const VALID = 1;
const PHYSICAL = 2;

/** Bits 51:0 of a doubleword as a number. */
const address = (hi: number, lo: number): number => (hi & 0xfffff) * 2 ** 32 + lo;

/** Address of entry `index`, {@link NOWHERE} if an indirect table has no page for it. QEMU divides the index by level 1 entries in a page: the same, for entries of 8 bytes. */
export function placeOf(
  ram: Ram,
  { base, indirect, pageSize }: Pick<Table, 'indirect' | 'pageSize'> & { base: bigint },
  index: number,
): number {
  const at = Number(base);
  if (indirect === 0) return at + index * ENTRY;
  const perPage = pageSize / ENTRY;
  const first = at + Math.floor(index / perPage) * ENTRY;
  const [lo, hi] = [ram.load(first), ram.load(first + 4)];
  if (lo === UNREADABLE || hi === UNREADABLE) return NOWHERE.FAULT;
  return hi < 0x80000000 ? NOWHERE.INVALID : address(hi & 0x7ffff, lo) + (index % perPage) * ENTRY;
}

/** A device: size of its table less one bit, and where it is. */
export interface Dte {
  valid: boolean;
  bits: number;
  itt: number;
}
/** A collection: the CPU that it is for. */
export interface Cte {
  valid: boolean;
  target: number;
}
/** An event. */
export interface Ite {
  valid: boolean;
  intid: number;
  icid: number;
}

/** Reads a doubleword: false if there is no memory. */
function load(ram: Ram, at: number, into: { lo: number; hi: number }): boolean {
  into.lo = ram.load(at);
  into.hi = ram.load(at + 4);
  return into.lo !== UNREADABLE && into.hi !== UNREADABLE;
}

const word = { lo: 0, hi: 0 };

/** Reads a device. */
export function loadDte(ram: Ram, table: Table, device: number, into: Dte): Found {
  const at = placeOf(ram, table, device);
  into.valid = false;
  into.bits = 1;
  if (at === NOWHERE.INVALID) return FOUND.INVALID;
  if (at === NOWHERE.FAULT || !load(ram, at, word)) return FOUND.FAULT;
  into.valid = (word.lo & VALID) !== 0;
  into.bits = ((word.lo >>> 1) & 31) + 1;
  into.itt = ((word.hi & 0x3ffff) * 2 ** 26 + (word.lo >>> 6)) * 256;
  return into.valid ? FOUND.VALID : FOUND.INVALID;
}

/** Reads a collection. */
export function loadCte(ram: Ram, table: Table, icid: number, into: Cte): Found {
  const at = placeOf(ram, table, icid);
  if (at === NOWHERE.INVALID) return FOUND.INVALID;
  if (at === NOWHERE.FAULT || !load(ram, at, word)) return FOUND.FAULT;
  into.valid = (word.lo & VALID) !== 0;
  into.target = (word.lo >>> 1) & 0xffff;
  return into.valid ? FOUND.VALID : FOUND.INVALID;
}

/** Reads an event of a device. */
export function loadIte(ram: Ram, { itt }: Dte, event: number, into: Ite): Found {
  const at = itt + event * ITE;
  if (!load(ram, at, word) || ram.load(at + 8) === UNREADABLE) return FOUND.FAULT;
  into.valid = (word.lo & VALID) !== 0;
  into.intid = (word.lo >>> 2) & 0xffffff;
  into.icid = word.hi & 0xffff;
  return into.valid ? FOUND.VALID : FOUND.INVALID;
}

/** Stores a doubleword where {@link placeOf} says; a missing page swallows it. False if there is no memory. */
function storeAt(ram: Ram, at: number, lo: number, hi: number): boolean {
  if (at === NOWHERE.INVALID) return true;
  return at !== NOWHERE.FAULT && ram.store(at, lo >>> 0) && ram.store(at + 4, hi >>> 0);
}

/** Writes a device; an invalid one is all zeroes. */
export function storeDte(ram: Ram, table: Table, device: number, { valid, bits, itt }: Dte): boolean {
  const field = Math.floor(itt / 256);
  const lo = valid ? VALID | ((bits - 1) << 1) | ((field % 2 ** 26) * 64) : 0;
  return storeAt(ram, placeOf(ram, table, device), lo, valid ? Math.floor(field / 2 ** 26) : 0);
}

/** Writes a collection. */
export const storeCte = (ram: Ram, table: Table, icid: number, { valid, target }: Cte): boolean =>
  storeAt(ram, placeOf(ram, table, icid), valid ? VALID | (target << 1) : 0, 0);

/** The doorbell of a physical event is the spurious INTID. */
const NO_DOORBELL = 1023;

/** Writes an event; an invalid one is all zeroes. */
export function storeIte(ram: Ram, { itt }: Dte, event: number, { valid, intid, icid }: Ite): boolean {
  const at = itt + event * ITE;
  if (!storeAt(ram, at, valid ? VALID | PHYSICAL | (intid << 2) : 0, valid ? icid : 0)) return false;
  return ram.store(at + 8, valid ? NO_DOORBELL : 0);
}
