// Values that matter on x86: vectors that collide, destinations that exist or do not, register offsets, PIC commands.

import type { Choose } from './choose.ts';

/** A few vectors of several priority classes, so that they meet; below 16 they are illegal on the bus. */
const VECTORS = [0x31, 0x32, 0x41, 0x42, 0x51, 0x61, 0x81, 0xe1, 0xfe];
const ODD_VECTORS = [0, 5, 0x0f, 0x10, 0xff];
/** Fixed most of the time. INIT (5) and SIPI (6) would stop a vCPU that the oracle has to run, SMI (2) would need code in SMM. */
const DELIVERY_MODES = [0, 0, 0, 0, 0, 0, 1, 1, 3, 4, 7];
const DESTINATIONS = [0, 0, 1, 1, 2, 3, 4, 7, 0x0f, 0x10, 0x11, 0x21, 0x80, 0xff];

/** A vector. */
export const vector = (c: Choose): number => (c.chance(93) ? c.one(VECTORS) : c.one(ODD_VECTORS));
/** A destination id, physical or logical. */
export const destination = (c: Choose): number => c.one(DESTINATIONS);
/** A delivery mode without SMI, INIT and SIPI. */
export const deliveryMode = (c: Choose): number => c.one(DELIVERY_MODES);
/** One of the few GSIs and pins on which most things happen, so that they happen together; 8 is the RTC. */
export const hotGsi = (c: Choose): number => c.one([3, 5, 8, 10, 12]);
/** A GSI; a few beyond the default table or the limit. */
export const gsi = (c: Choose): number =>
  c.chance(60)
    ? hotGsi(c)
    : c.chance(70)
      ? c.between(0, 15)
      : c.chance(80)
        ? c.between(16, 30)
        : c.one([4095, 4096, 123456, 0xffffffff]);

/** MSI data. */
export const msiData = (c: Choose): number =>
  vector(c) | (deliveryMode(c) << 8) | (c.chance(50) ? 1 << 14 : 0) | (c.chance(30) ? 1 << 15 : 0);
/** MSI address: destination, redirection hint, destination mode. */
export const msiAddress = (c: Choose): number =>
  (0xfee00000 | (destination(c) << 12) | (c.chance(20) ? 8 : 0) | (c.chance(30) ? 4 : 0)) >>> 0;

/** Bits of a register, with another delivery mode in place of SMI, INIT and SIPI. */
const tame = (value: number): number => ([2, 5, 6].includes((value >> 8) & 7) ? value & ~0x700 : value) >>> 0;

/** ICR, low half: any shorthand. */
const icrLow = (c: Choose): number =>
  tame(
    vector(c) |
      (deliveryMode(c) << 8) |
      (c.chance(30) ? 1 << 11 : 0) |
      (c.chance(20) ? 1 << 12 : 0) |
      (c.chance(70) ? 1 << 14 : 0) |
      (c.chance(20) ? 1 << 15 : 0) |
      (c.between(0, 3) << 18) |
      (c.chance(5) ? 1 << 20 : 0),
  );
/** An LVT entry. A timer entry never runs: nothing writes its initial count. */
const lvt = (c: Choose): number =>
  tame(vector(c) | (deliveryMode(c) << 8) | (c.between(0, 31) << 12) | (c.chance(10) ? c.u32() & 0xfffe0000 : 0));
const ldr = (c: Choose): number => (c.one([0, 1, 2, 4, 8, 3, 0x11, 0x12, 0x21, 0x24, 0xff]) << 24) >>> 0;
const svr = (c: Choose): number => (c.chance(75) ? 0x1ff : c.one([0xff, 0x1f0, 0x3ff, 0x11ff, 0x10ff, 0xffffffff, 0]));
const zero = (): number => 0;

/** Writable registers of the LAPIC page and what goes there. The initial count only takes 0: a running timer follows the wall clock. */
const LAPIC_WRITES: readonly { readonly weight: number; readonly offset: number; value(c: Choose): number }[] = [
  { weight: 20, offset: 0x80, value: (c) => c.one([0, 0, 0x10, 0x20, 0x35, 0x50, 0x80, 0xf0, 0xffff]) },
  { weight: 15, offset: 0xb0, value: (c) => c.one([0, 0, 1]) },
  { weight: 20, offset: 0x300, value: icrLow },
  { weight: 12, offset: 0x310, value: (c) => (destination(c) << 24) >>> 0 },
  { weight: 10, offset: 0xd0, value: ldr },
  { weight: 5, offset: 0xe0, value: (c) => c.one([0xffffffff, 0x0fffffff, 0xf0000000, 0, 0x50000000]) },
  { weight: 6, offset: 0xf0, value: svr },
  { weight: 3, offset: 0x20, value: (c) => (c.one([0, 1, 2, 3, 7, 0xff]) << 24) >>> 0 },
  { weight: 4, offset: 0x280, value: (c) => c.one([0, 0, 1]) },
  { weight: 2, offset: 0x320, value: lvt },
  { weight: 1, offset: 0x330, value: lvt },
  { weight: 1, offset: 0x340, value: lvt },
  { weight: 6, offset: 0x350, value: (c) => (c.chance(50) ? c.one([0x700, 0x10700, 0x8700, 0x10000]) : lvt(c)) },
  { weight: 2, offset: 0x360, value: lvt },
  { weight: 1, offset: 0x370, value: lvt },
  { weight: 1, offset: 0x2f0, value: lvt },
  { weight: 1, offset: 0x380, value: zero },
  { weight: 1, offset: 0x3e0, value: (c) => c.between(0, 15) },
  { weight: 3, offset: 0x3f0, value: (c) => (c.chance(90) ? vector(c) : vector(c) | 0x100) },
  { weight: 3, offset: -1, value: zero },
];
const OTHER_OFFSETS = [
  0, 0x10, 0x30, 0x40, 0x90, 0xa0, 0xc0, 0x100, 0x170, 0x180, 0x200, 0x270, 0x290, 0x390, 0x400, 0xff0,
];

/** A register of the LAPIC and a value for it. */
export function lapicWrite(c: Choose): { offset: number; value: number } {
  const row = c.weighted(LAPIC_WRITES);
  return { offset: row.offset < 0 ? c.one(OTHER_OFFSETS) : row.offset, value: row.value(c) };
}

/** A register of the LAPIC to read. */
export const lapicOffset = (c: Choose): number =>
  c.chance(40)
    ? c.one(OTHER_OFFSETS)
    : c.one([
        0x20, 0x30, 0x80, 0xa0, 0xb0, 0xd0, 0xe0, 0xf0, 0x280, 0x300, 0x310, 0x320, 0x350, 0x370, 0x2f0, 0x380, 0x3e0,
        0x3f0,
      ]);

const APIC_BASES = [
  0xfee00800n,
  0xfee00c00n,
  0xfee00000n,
  0xfee00400n,
  0xfee00d00n,
  0xfee00900n,
  0xfee00801n,
  0xfee00a00n,
];
/** A value for IA32_APIC_BASE at its usual address: every mode, every transition. */
export const apicBase = (c: Choose): bigint => (c.chance(80) ? c.one(APIC_BASES.slice(0, 3)) : c.one(APIC_BASES));

/** A value for an x2APIC MSR. */
export function x2apicWrite(c: Choose): { msr: number; value: bigint } {
  const { offset, value } = lapicWrite(c);
  const high =
    offset === 0x300 ? BigInt(c.one([0, 1, 2, 3, 0x10001, 0x10003, 0xff, 0xffffffff])) : c.chance(3) ? 1n : 0n;
  return { msr: 0x800 + (offset >> 4), value: (high << 32n) | BigInt(value) };
}

/** PIC ports and what goes there: initialisation, EOIs of every form, masks, trigger modes. */
export const PIC_WRITES: readonly {
  readonly weight: number;
  readonly ports: readonly number[];
  value(c: Choose): number;
}[] = [
  { weight: 4, ports: [0x20, 0xa0], value: (c) => c.one([0x11, 0x10, 0x13, 0x19, 0x12]) },
  { weight: 12, ports: [0x20, 0xa0], value: (c) => (c.between(0, 7) << 5) | c.between(0, 7) },
  { weight: 8, ports: [0x20, 0xa0], value: (c) => 8 | c.between(0, 7) | (c.between(0, 3) << 5) },
  { weight: 20, ports: [0x21, 0xa1], value: (c) => c.one([0, 0, 0xff, 0xfb, 0x20, 0x08, 0x01, 0x03, 0x1b, 4]) },
  { weight: 5, ports: [0x4d0, 0x4d1], value: (c) => c.one([0, 0x20, 0xff, 0x0c, 0xf8]) },
  { weight: 1, ports: [0x20, 0x21, 0xa0, 0xa1], value: (c) => c.u32() & 0xff },
];
