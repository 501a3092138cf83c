// Where frames may lie in guest physical memory. Linux: arch/arm64/kvm/vgic/vgic-kvm-device.c vgic_check_iorange.

import { E2BIG, EINVAL } from '@virq/irq-core/errors';
import { ADDR_UNDEF } from './codes.ts';

/** A stretch of guest physical memory in bytes. */
export interface Range {
  readonly base: bigint;
  readonly size: bigint;
}

/** True if the range goes beyond 2^64. */
export const wraps = ({ base, size }: Range): boolean => base + size > ADDR_UNDEF;

/** True if the two have a byte in common. */
export const overlaps = (a: Range, b: Range): boolean => a.base + a.size > b.base && a.base < b.base + b.size;

/** Alignment -EINVAL, end of the address space -EINVAL, outside the guest's `bits` of physical address -E2BIG, in this order. */
export function checkRange({ base, size }: Range, align: bigint, bits: number): number {
  if (base % align !== 0n || size % align !== 0n || wraps({ base, size })) return -EINVAL;
  return base + size > 1n << BigInt(bits) ? -E2BIG : 0;
}
