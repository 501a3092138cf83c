// VT-d interrupt remapping with its driver: what each operation writes, and what a device's message then does. Linux: drivers/iommu/intel/irq_remapping.c, dmar.c.

import { array, struct, u1, u8, type View } from '@virq/irq-core/arena';
import { lock } from '@virq/irq-core/protocol';
import { cpuDescriptor, type DescriptorAddress, ownerOf, type PiDescriptor, post } from '../posted/pi-descriptor.ts';
import {
  admits,
  clearVtdIrte,
  composePosted,
  copyVtdIrte,
  descriptorOf,
  hasReservedBits,
  indexOfMessage,
  type MsiMessage,
  preparePosted,
  prepareRemapped,
  setSource,
  VtdIrte,
} from './vtd-irte.ts';

/**
 * struct intel_ir_data of one host irq. `entry` is the IRTE in memory, `cache` the interrupt entry cache's copy while `isCached`, `image` irte_entry: the entry for
 * the host, with `hostCpu` the CPU of its affinity; `postedVcpu` and `postedMsi` as in struct irq_2_iommu.
 */
export const VtdIrData = struct('vtdIrData', {
  used: u1,
  isCached: u1,
  postedVcpu: u1,
  postedMsi: u1,
  hostCpu: u8,
  entry: VtdIrte,
  cache: VtdIrte,
  image: VtdIrte,
});
export type VtdIrData = View<typeof VtdIrData>;

/** One IOMMU: irq_2_ir_lock, entries by host irq (counted from the first message vector), the mode of the host's CPUs (EIME). */
export const vtdLayout = (irqs: number) => struct('vtd', { lock, x2apic: u1, irqs: array(VtdIrData, irqs) });
export type VtdState = View<ReturnType<typeof vtdLayout>>;

/** Entries of the table that Linux allocates (INTR_REMAP_TABLE_ENTRIES). */
export const IRTES = 65536;

/** Why a message is refused (VT-d 7.2.1), with what Linux says. Codes are fault reasons; those with `qualified` are not reported while FPD is 1. */
export const FAULT = {
  INDEX: { code: 0x21, qualified: false, text: 'Interrupt index exceeded the interrupt-remapping table size' },
  NOT_PRESENT: { code: 0x22, qualified: true, text: 'Present field in the IRTE entry is clear' },
  RESERVED: { code: 0x24, qualified: true, text: 'Detected reserved fields in the IRTE entry' },
  COMPATIBILITY: { code: 0x25, qualified: false, text: 'Blocked a compatibility format interrupt request' },
  SOURCE: { code: 0x26, qualified: true, text: 'Blocked an interrupt request due to source-id verification failure' },
  /** Linux has no text for it. */
  DESCRIPTOR: { code: 0x27, qualified: true, text: 'Unknown' },
} as const;
/** Name of a fault. */
export type Fault = keyof typeof FAULT;

/** qi_flush_iec: the IOMMU reads the entry anew. */
export function flushIec(d: VtdIrData): void {
  d.isCached = 0;
}

const IRTE_DEST = (cpu: number, x2apic: number): number => (x2apic === 1 ? cpu : cpu << 8);

/** Vector and destination of the image follow the irq_cfg (first half of intel_ir_reconfigure_irte). */
export function setImage(d: VtdIrData, vector: number, cpu: number, x2apic: number): void {
  d.hostCpu = cpu;
  d.image.vector = vector;
  d.image.dest = IRTE_DEST(cpu, x2apic);
}

/** modify_irte with the image: as it is, or posted to the CPU's own descriptor. One 128-bit write; the caller flushes. */
export function writeImage(d: VtdIrData): void {
  if (d.postedMsi === 1) composePosted(d.entry, d.image, cpuDescriptor(d.hostCpu));
  else copyVtdIrte(d.entry, d.image);
}

/** What an irq is made for. */
export interface HostIrq {
  readonly sid: number;
  readonly vector: number;
  readonly cpu: number;
  readonly x2apic: number;
  /** The host has messages posted to itself (6.10, `intremap=posted_msi`). */
  readonly postedMsi: boolean;
}

/** intel_irq_remapping_alloc and _activate. */
export function mapVtd(d: VtdIrData, { sid, vector, cpu, x2apic, postedMsi }: HostIrq): void {
  d.used = 1;
  d.postedMsi = postedMsi ? 1 : 0;
  if (postedMsi) preparePosted(d.image);
  else prepareRemapped(d.image, vector, cpu);
  setSource(d.image, sid);
  setImage(d, vector, cpu, x2apic);
  writeImage(d);
  flushIec(d);
}

/** intel_irq_remapping_deactivate and _free. */
export function unmapVtd(d: VtdIrData): void {
  clearVtdIrte(d.entry);
  clearVtdIrte(d.image);
  Object.assign(d, { used: 0, postedVcpu: 0, postedMsi: 0, hostCpu: 0 });
  flushIec(d);
}

/** intel_ir_set_vcpu_affinity towards a vCPU: made from what both formats share of the image, which stays. One 128-bit write; the caller flushes. */
export function postToVcpu(d: VtdIrData, address: DescriptorAddress, vector: number): void {
  d.postedVcpu = 1;
  composePosted(d.entry, d.image, address);
  d.entry.vector = vector;
}

/** The same with NULL: back to the host, posted or not (2454823e97a6). */
export function postToHost(d: VtdIrData): void {
  d.postedVcpu = 0;
  writeImage(d);
}

/** The entry as the IOMMU sees it now: nothing but a flush makes it look again. */
function fetch(d: VtdIrData): VtdIrte {
  if (d.isCached === 0) copyVtdIrte(d.cache, d.entry);
  d.isCached = 1;
  return d.cache;
}

/** What the IOMMU makes of a message: `index` of the entry, -1 if none was reached. */
export type Remapping =
  | { readonly to: 'fault'; readonly index: number; readonly fault: Fault; readonly reported: boolean }
  | { readonly to: 'host'; readonly index: number; readonly vector: number; readonly dest: number }
  | {
      readonly to: 'posted';
      readonly index: number;
      readonly vector: number;
      readonly owner: ReturnType<typeof ownerOf>;
      readonly desc: PiDescriptor;
      readonly notifies: boolean;
    };

/** Finds descriptors by address. */
export type FindDescriptor = (vm: number, index: number) => PiDescriptor | null;

function faultOf(e: VtdIrte, requester: number): Fault | null {
  if (e.present === 0) return 'NOT_PRESENT';
  if (hasReservedBits(e)) return 'RESERVED';
  return admits(e, requester) ? null : 'SOURCE';
}

const refuse = (index: number, fault: Fault, fpd = 0): Remapping => ({
  to: 'fault',
  index,
  fault,
  reported: !(fpd === 1 && FAULT[fault].qualified),
});

/** A message arrives at the IOMMU. Posting is one atomic transaction on the descriptor; the notification follows. Linux blocks messages in compatibility format. */
export function remap({ irqs }: VtdState, message: MsiMessage, requester: number, find: FindDescriptor): Remapping {
  const index = indexOfMessage(message);
  if (index < 0) return refuse(index, 'COMPATIBILITY');
  if (index >= IRTES) return refuse(index, 'INDEX');
  if (index >= irqs.length) return refuse(index, 'NOT_PRESENT');
  const e = fetch(irqs.at(index));
  const { vector } = e;
  const fault = faultOf(e, requester);
  if (fault !== null) return refuse(index, fault, e.fpd);
  if (e.pst === 0) return { to: 'host', index, vector, dest: e.dest };
  const owner = ownerOf(descriptorOf(e));
  const desc = find(owner.vm, owner.index);
  if (desc === null) return refuse(index, 'DESCRIPTOR', e.fpd);
  return { to: 'posted', index, vector, owner, desc, notifies: post(desc, vector, e.urgent) };
}
