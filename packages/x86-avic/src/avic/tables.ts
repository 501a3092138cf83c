// AVIC's tables in memory: physical and logical APIC ID tables, backing pages, GA tags. AMD APM vol. 2 15.29; Linux: arch/x86/include/asm/svm.h, svm/avic.c.

import { array, bitmap, bits, struct, u1, u8, u32, type View } from '@virq/irq-core/arena';
import { lock } from '@virq/irq-core/protocol';

/**
 * Physical APIC ID table entry, 64 bits, the bytes in the arena are the hardware's. `gaLogIntr` (bit 61) is not the hardware's: KVM keeps it in its
 * own copy of the entry.
 */
export const PhysicalIdEntry = struct('physicalIdEntry', {
  hostId: bits(12),
  frameLo: bits(20),
  frameHi: bits(20),
  reserved: bits(9),
  gaLogIntr: u1,
  isRunning: u1,
  valid: u1,
});
export type PhysicalIdEntry = View<typeof PhysicalIdEntry>;

/** Logical APIC ID table entry, 32 bits. */
export const LogicalIdEntry = struct('logicalIdEntry', { guestId: bits(8), reserved: bits(23), valid: u1 });
export type LogicalIdEntry = View<typeof LogicalIdEntry>;

/** Greatest index of the physical table: ids up to 0xfe, with x2AVIC up to 0x1ff. */
export const MAX_PHYSICAL_ID = { AVIC: 0xfe, X2AVIC: 0x1ff } as const;
/** Entries of the logical table: 15 clusters of 4, or 8 bits of a flat id. */
export const LOGICAL_IDS = 64;

/**
 * KVM's side of one vCPU. `entry` is avic_physical_id_entry, the copy that keeps the truth when the table may not; `irList` the host irqs whose IRTEs post to
 * it; `active` is apicv_active, `dfr` and `ldr` what the logical table was made from. Abstraction: ir_list is a set; broken list pointers are the
 * matter of avic-embedded-node.
 */
const avicVcpu = (irqs: number) =>
  struct('avicVcpu', {
    irListLock: lock,
    irList: bitmap(irqs),
    entry: PhysicalIdEntry,
    active: u1,
    ldr: u32,
    dfr: u32,
  });

/** Sizes of {@link avicLayout}. */
export interface AvicSizes {
  readonly vcpus: number;
  /** Host irqs that may be posted. */
  readonly irqs: number;
  /** Entries of the physical table. */
  readonly physicalIds: number;
  /** vCPUs with a posted-interrupt descriptor (VMX). */
  readonly descriptors: number;
}

/** One VM's AVIC. `vmId` is avic_vm_id, 1-based; `inhibits` apicv_inhibit_reasons. */
export const avicLayout = ({ vcpus, irqs, physicalIds }: AvicSizes) =>
  struct('avic', {
    mode: u8,
    vmId: u32,
    inhibits: u32,
    updateLock: lock,
    physical: array(PhysicalIdEntry, physicalIds),
    logical: array(LogicalIdEntry, LOGICAL_IDS),
    vcpus: array(avicVcpu(irqs), vcpus),
  });
export type AvicState = View<ReturnType<typeof avicLayout>>;
export type AvicVcpu = View<ReturnType<typeof avicVcpu>>;

/** Acceleration of a VM's local APICs. */
export const APICV = { NONE: 0, AVIC: 1, X2AVIC: 2, VMX: 3 } as const;

/** Page frame of a vCPU's backing page. Abstraction: pages lie where VM and index say. */
export const backingFrame = (vm: number, vcpu: number): number => (((vm + 1) << 16) | vcpu) >>> 0;
/** VM and vCPU of a backing page. */
export const vmOfFrame = (frame: number): number => (frame >>> 16) - 1;
export const vcpuOfFrame = (frame: number): number => frame & 0xffff;

/** The 40-bit frame of an entry; the model uses 32 bits. */
export const entryFrame = (e: PhysicalIdEntry): number => ((e.frameHi << 20) | e.frameLo) >>> 0;

/** Points an entry at a backing page. */
export function setEntryFrame(e: PhysicalIdEntry, frame: number): void {
  e.frameLo = frame & 0xfffff;
  e.frameHi = frame >>> 20;
}

/** The entry as the 64-bit word in memory. */
export const entryImage = (e: PhysicalIdEntry): bigint =>
  (BigInt(((e.valid << 31) | (e.isRunning << 30) | (e.gaLogIntr << 29) | e.frameHi) >>> 0) << 32n) |
  BigInt(((e.frameLo << 12) | e.hostId) >>> 0);

/** The logical entry as the 32-bit word in memory. */
export const logicalImage = (e: LogicalIdEntry): number => ((e.valid << 31) | e.guestId) >>> 0;

/** Bits of a GA tag that name the vCPU: 8 with its id until 6.16, 9 with its index since. */
export type TagBits = 8 | 9;
/** AVIC_GATAG. */
export const gaTag = (vmId: number, vcpu: number, width: TagBits): number =>
  ((vmId << width) | (vcpu & ((1 << width) - 1))) >>> 0;
/** AVIC_GATAG_TO_VMID. */
export const vmIdOfTag = (tag: number, width: TagBits): number => tag >>> width;
/** AVIC_GATAG_TO_VCPUID or AVIC_GATAG_TO_VCPUIDX. */
export const vcpuOfTag = (tag: number, width: TagBits): number => tag & ((1 << width) - 1);

/**
 * avic_get_logical_id_entry: index of an LDR in the logical table, -1 if it has none: no bit, several bits (the lowest counts), cluster 15.
 * `flat` as the DFR says.
 */
export function logicalIndex(ldr: number, flat: boolean): number {
  const id = ldr >>> 24;
  const low = id & (flat ? 0xff : 0xf);
  if (low === 0) return -1;
  const bit = 31 - Math.clz32(low & -low);
  if (flat) return bit;
  const cluster = id >>> 4;
  return cluster >= 0xf ? -1 : (cluster << 2) + bit;
}
