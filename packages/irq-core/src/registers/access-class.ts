// What each access class does with a guest's read and write. One row per class; masking by lanes and writable bits comes on top.

import type { Access } from './register-map.ts';

/** Guest semantics of one access class. */
export interface AccessClass {
  /** Reads give the register's value; otherwise zero. */
  readonly reads: boolean;
  /** Rule a read breaks, reported to the guest-error hook; null if it breaks none. */
  readonly readError: string | null;
  /** Rule a write breaks; null if it breaks none. */
  readonly writeError: string | null;
  /** Reading clears what was read. */
  readonly clearsOnRead: boolean;
  /** Only one bits act; elements written with zero are not touched. */
  readonly oneShot: boolean;
  /** New value from the old one and the one bits written, none outside `mask`; null if writes are ignored. */
  readonly next: ((old: number, value: number, mask: number) => number) | null;
}

const store = (old: number, value: number, mask: number): number => (old & ~mask) | value;
const READABLE: AccessClass = {
  reads: true,
  readError: null,
  writeError: null,
  clearsOnRead: false,
  oneShot: false,
  next: null,
};
const READ_ONLY: AccessClass = { ...READABLE, writeError: 'write to a read-only register' };

/** The classes. RO and WI, WO and RAZ differ in whether the other direction is the guest's mistake. */
export const ACCESS: Readonly<Record<Access, AccessClass>> = {
  RW: { ...READABLE, next: store },
  RO: READ_ONLY,
  WI: READABLE,
  RC: { ...READ_ONLY, clearsOnRead: true },
  WO: {
    ...READABLE,
    reads: false,
    readError: 'read of a write-only register',
    next: (_old, value) => value,
  },
  RAZ: { ...READABLE, reads: false, next: store },
  'RAZ/WI': { ...READABLE, reads: false },
  W1C: { ...READABLE, oneShot: true, next: (old, value) => old & ~value },
  W1S: { ...READABLE, oneShot: true, next: (old, value) => old | value },
};
