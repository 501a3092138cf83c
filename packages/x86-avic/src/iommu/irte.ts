// Interrupt remapping table entries of the AMD IOMMU, 32 and 128 bits, bit for bit. AMD I/O Virtualization (48882) 2.2.5; Linux: drivers/iommu/amd/amd_iommu_types.h.

import { bits, struct, u1, u32, type View } from '@virq/irq-core/arena';

/**
 * A 128-bit entry; the bytes in the arena are the hardware's. Two fields have a second meaning while `guestMode` is 0: `gaLogIntr` is bit 0 of
 * the interrupt type, `isRun` the destination mode.
 */
export const Irte = struct('irte', {
  valid: u1,
  noFault: u1,
  gaLogIntr: u1,
  intTypeHi: bits(2),
  rqEoi: u1,
  isRun: u1,
  guestMode: u1,
  destLo: bits(24),
  gaTag: u32,
  vector: bits(8),
  reserved72: bits(4),
  rootLo: bits(20),
  rootHi: bits(20),
  reserved116: bits(4),
  destHi: bits(8),
});
export type Irte = View<typeof Irte>;

/** Interrupt types of a remapped interrupt, bits 4:2. */
export const INT_TYPE = { FIXED: 0, ARBITRATED: 1 } as const;

/** Physical APIC id that the entry sends to: the host interrupt, or the doorbell. */
export const destination = (e: Irte): number => (((e.destHi << 24) | e.destLo) >>> 0) as number;

/** Sets it. */
export function setDestination(e: Irte, apicId: number): void {
  e.destLo = apicId & 0xffffff;
  e.destHi = apicId >>> 24;
}

/** GA root pointer: page frame of the vAPIC backing page, 40 bits of which the model uses 32. */
export const rootFrame = (e: Irte): number => (((e.rootHi << 20) | e.rootLo) >>> 0) as number;

/** Sets it. */
export function setRootFrame(e: Irte, frame: number): void {
  e.rootLo = frame & 0xfffff;
  e.rootHi = frame >>> 20;
}

/** Copies all 128 bits, as one cmpxchg16b does. */
export function copyIrte(to: Irte, from: Irte): void {
  to.valid = from.valid;
  to.noFault = from.noFault;
  to.gaLogIntr = from.gaLogIntr;
  to.intTypeHi = from.intTypeHi;
  to.rqEoi = from.rqEoi;
  to.isRun = from.isRun;
  to.guestMode = from.guestMode;
  to.destLo = from.destLo;
  to.gaTag = from.gaTag;
  to.vector = from.vector;
  to.rootLo = from.rootLo;
  to.rootHi = from.rootHi;
  to.destHi = from.destHi;
}

/** What a remapped interrupt is turned into. */
export interface Remapped {
  readonly vector: number;
  /** Physical APIC id. */
  readonly dest: number;
  readonly logical: number;
  /** One of {@link INT_TYPE}. */
  readonly intType: number;
}

/** Writes a remap entry: everything but `valid` and `noFault` is set. */
export function writeRemapped(e: Irte, { vector, dest, logical, intType }: Remapped): void {
  e.gaLogIntr = intType & 1;
  e.intTypeHi = intType >> 1;
  e.rqEoi = 0;
  e.isRun = logical;
  e.guestMode = 0;
  e.gaTag = 0;
  e.vector = vector;
  setRootFrame(e, 0);
  setDestination(e, dest);
}

/** The entry as two 64-bit words, as the kernel prints them. */
export function irteImage(e: Irte): readonly [lo: bigint, hi: bigint] {
  const low =
    e.valid |
    (e.noFault << 1) |
    (e.gaLogIntr << 2) |
    (e.intTypeHi << 3) |
    (e.rqEoi << 5) |
    (e.isRun << 6) |
    (e.guestMode << 7) |
    (e.destLo << 8);
  const word2 = e.vector | (e.rootLo << 12);
  const word3 = e.rootHi | (e.destHi << 24);
  const join = (hi: number, lo: number): bigint => (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
  return [join(e.gaTag, low), join(word3, word2)];
}

/** The 32-bit entry of a table without guest mode: 8 bits of destination. */
export const legacyIrte = (e: Irte): number =>
  (e.valid |
    (e.noFault << 1) |
    (e.gaLogIntr << 2) |
    (e.intTypeHi << 3) |
    (e.rqEoi << 5) |
    (e.isRun << 6) |
    ((e.destLo & 0xff) << 8) |
    (e.vector << 16)) >>>
  0;
