// Words of the ITS tables in guest memory, ABI revision 0, 8 bytes little endian each. Linux: Documentation/virt/kvm/devices/arm-vgic-its.rst, vgic.h KVM_ITS_*.

import type { Words } from '@virq/irq-core/registers';
import { type Ram, UNREADABLE } from '../memory/ram.ts';

/** Bytes of an entry of any table. */
export const ENTRY_BYTES = 8;
/** Largest NEXT of a device and of an event; longer distances are walked. */
export const NEXT_MAX = { DEVICE: 2 ** 14 - 1, EVENT: 2 ** 16 - 1 } as const;

const VALID = 0x80000000;

/** A device table entry. `next` is the distance to the next one, 0 for the last. */
export interface Dte {
  readonly valid: boolean;
  readonly next: number;
  readonly itt: number;
  /** 1..32 bits of an EventID. */
  readonly bits: number;
}
/** A collection table entry. */
export interface Cte {
  readonly valid: boolean;
  readonly target: number;
  readonly id: number;
}
/** An interrupt translation table entry; `lpi` 0 is an invalid one. */
export interface IteWord {
  readonly next: number;
  readonly lpi: number;
  readonly collection: number;
}

/** Address as a number from the halves of a register, bits `high`:12. */
export const join = (hi: number, lo: number): number => hi * 2 ** 32 + lo;

export const packDte = ({ next, itt, bits }: Omit<Dte, 'valid'>): Words => {
  const field = Math.floor(itt / 256) % 2 ** 44;
  return { lo: (field % 2 ** 27) * 32 + bits - 1, hi: (VALID | (next << 17) | Math.floor(field / 2 ** 27)) >>> 0 };
};
export const unpackDte = ({ lo, hi }: Words): Dte => ({
  valid: hi >= VALID,
  next: (hi >>> 17) & NEXT_MAX.DEVICE,
  itt: ((hi & 0x1ffff) * 2 ** 27 + (lo >>> 5)) * 256,
  bits: (lo & 31) + 1,
});

export const packCte = ({ target, id }: Omit<Cte, 'valid'>): Words => ({
  lo: ((target << 16) | id) >>> 0,
  hi: (VALID | (target >>> 16)) >>> 0,
});
export const unpackCte = ({ lo, hi }: Words): Cte => ({
  valid: hi >= VALID,
  target: ((hi << 16) | (lo >>> 16)) >>> 0,
  id: lo & 0xffff,
});

export const packIte = ({ next, lpi, collection }: IteWord): Words => ({
  lo: ((lpi << 16) | collection) >>> 0,
  hi: ((next << 16) | (lpi >>> 16)) >>> 0,
});
export const unpackIte = ({ lo, hi }: Words): IteWord => ({
  next: hi >>> 16,
  lpi: ((hi << 16) | (lo >>> 16)) >>> 0,
  collection: lo & 0xffff,
});

/** Reads an entry; null when no memslot covers it. */
export function loadEntry(ram: Ram, address: number): Words | null {
  const lo = ram.load(address);
  if (lo === UNREADABLE) return null;
  return { lo, hi: ram.load(address + 4) };
}
/** Writes an entry; false when no memslot covers it. */
export const storeEntry = (ram: Ram, address: number, { lo, hi }: Words): boolean =>
  ram.store(address, lo) && ram.store(address + 4, hi);

/** Zeroes an entry. */
export const clearEntry = (ram: Ram, address: number): boolean => storeEntry(ram, address, { lo: 0, hi: 0 });
