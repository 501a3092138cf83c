// The posted-interrupt descriptor: 512 bits in memory that IOMMU, CPUs and KVM share. Intel VT-d 9.11, SDM vol. 3 30.6; Linux: arch/x86/include/asm/posted_intr.h.

import { array, type Bitmap, bitmap, bits, struct, u1, u8, u32, type View } from '@virq/irq-core/arena';

/**
 * The descriptor; the bytes in the arena are the hardware's. `pir` has a bit per vector, `on` says that a notification is outstanding, `sn` that none are
 * wanted, `nv` is the vector of the notification and `ndst` the physical CPU that it goes to.
 */
export const PiDescriptor = struct('piDescriptor', {
  pir: bitmap(256),
  on: u1,
  sn: u1,
  reserved258: bits(14),
  nv: u8,
  reserved280: u8,
  ndst: u32,
  reserved320: array(u32, 6),
});
export type PiDescriptor = View<typeof PiDescriptor>;

/** Vectors of notifications: to a guest, to a CPU whose vCPUs sleep, to a nested guest, and of the host's own posted messages. */
export const NOTIFY = { POSTED: 0xf2, WAKEUP: 0xf1, NESTED: 0xf0, POSTED_MSI: 0xeb } as const;

/** NDST of an APIC id: in bits 15:8 while the host's CPUs are in xAPIC mode, whole in x2APIC mode. */
export const ndstOf = (apicId: number, x2apic: boolean): number => (x2apic ? apicId : (apicId << 8) & 0xff00);
/** The APIC id that an NDST names. */
export const apicIdOf = (ndst: number, x2apic: boolean): number => (x2apic ? ndst : (ndst >>> 8) & 0xff);

/** pi_test_and_set_pir: true if the vector was requested already. */
export function testAndSetPir({ pir }: PiDescriptor, vector: number): boolean {
  const was = pir.has(vector);
  pir.add(vector);
  return was;
}

/** pi_test_and_set_on: true if a notification was outstanding already. */
export function testAndSetOn(d: PiDescriptor): boolean {
  const was = d.on === 1;
  d.on = 1;
  return was;
}

/** pi_test_and_clear_sn: true if notifications were suppressed. */
export function testAndClearSn(d: PiDescriptor): boolean {
  const was = d.sn === 1;
  d.sn = 0;
  return was;
}

/** What one cmpxchg of bits 319:256 writes; fields left out stay, and so does ON. */
export interface Control {
  readonly sn?: number;
  readonly nv?: number;
  readonly ndst?: number;
}

/** pi_try_set_control, in the turn in which it succeeds. Returns ON as it was at that moment. */
export function setControl(d: PiDescriptor, { sn, nv, ndst }: Control): number {
  if (sn !== undefined) d.sn = sn;
  if (nv !== undefined) d.nv = nv;
  if (ndst !== undefined) d.ndst = ndst;
  return d.on;
}

/** Second half of vmx_sync_pir_to_irr, and what a CPU in a guest does with a notification, after ON was cleared: PIR moves to the IRR. Highest vector moved, -1 if none. */
export function movePir({ pir }: PiDescriptor, irr: Bitmap): number {
  const highest = pir.highest();
  for (let vector = pir.next(0); vector >= 0; vector = pir.next(vector + 1)) irr.add(vector);
  if (highest >= 0) pir.clear();
  return highest;
}

/** pi_has_pending_interrupt. */
export const hasPending = ({ on, sn, pir }: PiDescriptor): boolean => on === 1 || (sn === 1 && !pir.isEmpty());

/** The IOMMU posts, one atomic transaction: true if it then sends NV to NDST. Urgent interrupts do not mind SN. */
export function post(d: PiDescriptor, vector: number, urgent: number): boolean {
  d.pir.add(vector);
  return (d.sn === 0 || urgent === 1) && !testAndSetOn(d);
}

/** Bits 319:256 and the rest of the descriptor as eight 64-bit words. */
export function descriptorImage(d: PiDescriptor): readonly bigint[] {
  const word = (lo: number, hi: number): bigint => (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
  const pir = [0, 2, 4, 6].map((i) => word(d.pir.word(i), d.pir.word(i + 1)));
  const control = word(d.on | (d.sn << 1) | (d.reserved258 << 2) | (d.nv << 16) | (d.reserved280 << 24), d.ndst);
  return [...pir, control, ...[0, 2, 4].map((i) => word(d.reserved320.get(i), d.reserved320.get(i + 1)))];
}

/** Sets the whole descriptor from its eight words. */
export function setDescriptorImage(d: PiDescriptor, words: readonly bigint[]): void {
  const half = (i: number): number => Number(((words[i >> 1] as bigint) >> BigInt((i & 1) * 32)) & 0xffffffffn);
  for (let i = 0; i < 8; i++) d.pir.setWord(i, half(i));
  const control = half(8);
  d.on = control & 1;
  d.sn = (control >>> 1) & 1;
  d.reserved258 = (control >>> 2) & 0x3fff;
  d.nv = (control >>> 16) & 0xff;
  d.reserved280 = control >>> 24;
  d.ndst = half(9);
  for (let i = 0; i < 6; i++) d.reserved320.set(i, half(10 + i));
}

/** Address of a descriptor, a multiple of 64. Abstraction: descriptors lie where VM and vCPU say; those of the host's CPUs below 4 GiB. */
export interface DescriptorAddress {
  readonly lo: number;
  readonly hi: number;
}
/** Of a vCPU. */
export const vcpuDescriptor = (vm: number, vcpu: number): DescriptorAddress => ({ lo: vcpu << 6, hi: vm + 1 });
/** Of a CPU, for the messages that are posted to the host itself. */
export const cpuDescriptor = (cpu: number): DescriptorAddress => ({ lo: (cpu + 1) << 6, hi: 0 });
/** Whose descriptor an address is; `vm` is -1 for the host, `index` the vCPU or CPU. */
export const ownerOf = ({ lo, hi }: DescriptorAddress): { readonly vm: number; readonly index: number } =>
  hi === 0 ? { vm: -1, index: (lo >>> 6) - 1 } : { vm: hi - 1, index: lo >>> 6 };
