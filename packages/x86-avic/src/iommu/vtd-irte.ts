// Interrupt remapping table entries of VT-d, remapped and posted format, and the message that selects one. Intel VT-d 5.1.2, 9.9, 9.10; Linux: include/linux/dmar.h struct irte.

import { bits, struct, u1, u16, u32, type View } from '@virq/irq-core/arena';
import type { DescriptorAddress } from '../posted/pi-descriptor.ts';

/**
 * A 128-bit entry; the bytes in the arena are the hardware's. `pst` (bit 15, IM) selects the format. Bits 7:2 are reserved while it is 1, `urgent` while it is 0;
 * `dest` is the destination, or bits 63:38 are bits 31:6 of the descriptor's address, whose upper half is `pdaHigh`. `vector` is the host's or the guest's.
 */
export const VtdIrte = struct('vtdIrte', {
  present: u1,
  fpd: u1,
  destMode: u1,
  redirHint: u1,
  trigger: u1,
  delivery: bits(3),
  avail: bits(4),
  reserved12: bits(2),
  urgent: u1,
  pst: u1,
  vector: bits(8),
  reserved24: bits(8),
  dest: u32,
  sid: u16,
  sq: bits(2),
  svt: bits(2),
  reserved84: bits(12),
  pdaHigh: u32,
});
export type VtdIrte = View<typeof VtdIrte>;

const FIELDS = Object.keys(VtdIrte.fields) as readonly (keyof typeof VtdIrte.fields)[];
/** Fields that both formats have (dmar_copy_shared_irte). */
const SHARED = ['present', 'fpd', 'avail', 'pst', 'vector', 'sid', 'sq', 'svt'] as const;

/** Source id verification: none, SID as `sq` says, bus range. */
export const SVT = { NONE: 0, SID_SQ: 1, BUS: 2 } as const;

/** Copies all 128 bits, as one cmpxchg16b does. */
export function copyVtdIrte(to: VtdIrte, from: VtdIrte): void {
  for (const field of FIELDS) to[field] = from[field];
}

/** All bits 0: not present. */
export function clearVtdIrte(e: VtdIrte): void {
  for (const field of FIELDS) e[field] = 0;
}

/**
 * prepare_irte for a message of a device: to any CPU of a logical destination, here the one named, edge, fixed.
 * Abstraction: the host's APICs are in physical mode, so that the destination is one APIC id.
 */
export function prepareRemapped(e: VtdIrte, vector: number, dest: number): void {
  clearVtdIrte(e);
  e.present = 1;
  e.redirHint = 1;
  e.vector = vector;
  e.dest = dest;
}

/** prepare_irte_posted: the image of a message that the host has posted to itself. */
export function preparePosted(e: VtdIrte): void {
  clearVtdIrte(e);
  e.present = 1;
  e.pst = 1;
}

/** set_msi_sid: the entry answers to one requester only. */
export function setSource(e: VtdIrte, sid: number): void {
  e.sid = sid;
  e.sq = 0;
  e.svt = SVT.SID_SQ;
}

/** Address bits 31:6 and 63:32 of the descriptor that the entry posts to. */
export const descriptorOf = (e: VtdIrte): DescriptorAddress => ({ lo: (e.dest & ~0x3f) >>> 0, hi: e.pdaHigh });

/** Makes `to` a posted entry with what is common to both formats from `image`. */
export function composePosted(to: VtdIrte, image: VtdIrte, address: DescriptorAddress): void {
  clearVtdIrte(to);
  for (const field of SHARED) to[field] = image[field];
  to.pst = 1;
  to.dest = address.lo;
  to.pdaHigh = address.hi;
}

/** The entry as two 64-bit words. */
export function vtdIrteImage(e: VtdIrte): readonly [lo: bigint, hi: bigint] {
  const flags =
    e.present | (e.fpd << 1) | (e.destMode << 2) | (e.redirHint << 3) | (e.trigger << 4) | (e.delivery << 5);
  const low =
    flags |
    (e.avail << 8) |
    (e.reserved12 << 12) |
    (e.urgent << 14) |
    (e.pst << 15) |
    (e.vector << 16) |
    (e.reserved24 << 24);
  const source = e.sid | (e.sq << 16) | (e.svt << 18) | (e.reserved84 << 20);
  const join = (hi: number, lo: number): bigint => (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
  return [join(e.dest, low), join(e.pdaHigh, source)];
}

/** Sets the entry from its two words. */
export function setVtdIrteImage(e: VtdIrte, [lo, hi]: readonly [lo: bigint, hi: bigint]): void {
  const field = (word: bigint, shift: number, width: number): number =>
    Number((word >> BigInt(shift)) & ((1n << BigInt(width)) - 1n));
  let [at, word] = [0, lo];
  for (const name of FIELDS) {
    const kind = VtdIrte.fields[name];
    const width = kind.tag === 'bits' ? kind.bits : kind.bytes * 8;
    e[name] = field(word, at, width);
    at += width;
    if (at === 64) [at, word] = [0, hi];
  }
}

/** True if bits are set that the entry's format reserves. Hardware refuses such an entry. */
export function hasReservedBits(e: VtdIrte): boolean {
  const always = e.reserved12 | e.reserved24 | e.reserved84;
  const posted = e.destMode | e.redirHint | e.trigger | e.delivery | (e.dest & 0x3f);
  return (always | (e.pst === 1 ? posted : e.urgent | e.pdaHigh)) !== 0;
}

/** True if the requester may use the entry. */
export function admits(e: VtdIrte, requester: number): boolean {
  if (e.svt === SVT.NONE) return true;
  if (e.svt === SVT.BUS) return requester >>> 8 >= e.sid >>> 8 && requester >>> 8 <= (e.sid & 0xff);
  const ignored = [0, 4, 6, 7][e.sq] as number;
  return ((requester ^ e.sid) & ~ignored) === 0;
}

/** A message to 0xfee00000. */
export interface MsiMessage {
  readonly addressLo: number;
  readonly data: number;
}

/** fill_msi_msg: remappable format. Bits 19:5 of the address are the handle's bits 14:0, bit 4 says remappable, bit 3 (SHV) that the data is a sub-handle, bit 2 is the handle's bit 15. */
export const composeMessage = (handle: number, subHandle: number): MsiMessage => ({
  addressLo: (0xfee00000 | ((handle & 0x7fff) << 5) | (1 << 4) | (1 << 3) | ((handle >> 15) << 2)) >>> 0,
  data: subHandle & 0xffff,
});

/** Index of the entry that a message selects; -1 for the compatibility format. */
export function indexOfMessage({ addressLo, data }: MsiMessage): number {
  if ((addressLo & 0x10) === 0) return -1;
  const handle = ((addressLo >>> 5) & 0x7fff) | ((addressLo & 4) << 13);
  return handle + (addressLo & 8 ? data & 0xffff : 0);
}
