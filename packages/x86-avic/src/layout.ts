// State of the x86 interrupt controllers of one VM. Linux: arch/x86/kvm/{i8259.h,ioapic.h,lapic.h}, struct kvm_pic_state, kvm_ioapic, kvm_lapic.

import { array, bitmap, bits, struct, u1, u8, u16, u32, u64, type View } from '@virq/irq-core/arena';
import type { VmLimits } from '@virq/irq-core/kvm';
import { type AvicSizes, avicLayout } from './avic/tables.ts';
import { vmxLayout } from './posted/vmx.ts';

/** Pins of the IOAPIC (IOAPIC_NUM_PINS). */
export const IOAPIC_PINS = 24;
/** Input pins of the 8259A pair. */
export const PIC_PINS = 16;
/** LVT entries: timer, thermal, performance counter, LINT0, LINT1, error, CMCI. */
export const LVT_ENTRIES = 7;

/** One 8259A, fields in the order and with the names of struct kvm_pic_state. */
export const PicChip = struct('picChip', {
  lastIrr: u8,
  irr: u8,
  imr: u8,
  isr: u8,
  priorityAdd: u8,
  irqBase: u8,
  readRegSelect: u8,
  poll: u8,
  specialMask: u8,
  initState: u8,
  autoEoi: u8,
  rotateOnAutoEoi: u8,
  specialFullyNestedMode: u8,
  init4: u8,
  elcr: u8,
  elcrMask: u8,
});
export type PicChip = View<typeof PicChip>;

/** The pair: chip 0 master, chip 1 slave. `sources` is irq_states: one bit per source id below 32 (Abstraction: KVM has 64 ids, none above 3 is ever used). */
export const Pic = struct('pic', {
  chips: array(PicChip, 2),
  output: u1,
  wakeupNeeded: u1,
  sources: array(u32, PIC_PINS),
});
export type Pic = View<typeof Pic>;

/** One redirection entry: low and high 32 bits, and what KVM keeps beside it. `eois` counts successive EOIs with the line up. */
export const Redirection = struct('redirection', { lo: u32, hi: u32, sources: u32, eois: u16 });
export type Redirection = View<typeof Redirection>;

/** struct kvm_ioapic. `pinsOfVector` is derived from the entries: one bit per pin, so that an EOI need not look at all of them. `delivered` is irr_delivered, `rtc*` the RTC tick bookkeeping, `delayedAt` the deadline of delayed EOI injection. */
export const Ioapic = struct('ioapic', {
  base: u32,
  select: u8,
  id: bits(4),
  delayed: u1,
  irr: u32,
  delivered: u32,
  pins: array(Redirection, IOAPIC_PINS),
  pinsOfVector: array(u32, 256),
  rtcPending: u16,
  delayedAt: u64,
});
export type Ioapic = View<typeof Ioapic>;

/**
 * One local APIC. Registers keep the manual's names; `id` is the whole ID register: the xAPIC id in its top byte, or the x2APIC id.
 * `icrHigh` is the upper half of x2APIC's 64-bit ICR, which lies beside ICR2 in the page.
 * `vcpuId` is the id given at creation, `eoiVectors` ioapic_handled_vectors, `staleEoi` 1 + highest_stale_pending_ioapic_eoi,
 * `lvtCount` nr_lvt_entries, `timerPending` lapic_timer.pending, `isrCount` isr_count, `isrCache` 1 + highest_isr_cache (0: not cached),
 * `extintVector` 1 + the vector of KVM_INTERRUPT.
 */
export const Lapic = struct('lapic', {
  irr: bitmap(256),
  isr: bitmap(256),
  tmr: bitmap(256),
  eoiVectors: bitmap(256),
  base: u64,
  vcpuId: u32,
  id: u32,
  ldr: u32,
  dfr: u32,
  svr: u32,
  tpr: u8,
  ppr: u8,
  apr: u8,
  mpState: u8,
  esr: u32,
  icr: u32,
  icr2: u32,
  icrHigh: u32,
  lvt: array(u32, LVT_ENTRIES),
  lvtCount: u8,
  timerPending: u1,
  timerInitial: u32,
  timerDivide: u32,
  timerPeriod: u64,
  timerDeadline: u64,
  tscDeadline: u64,
  arbPrio: u32,
  nmiPending: u8,
  smiPending: u1,
  initPending: u1,
  sipiPending: u1,
  rtcOwed: u1,
  sipiVector: u8,
  rtcVector: u8,
  extintVector: u16,
  staleEoi: u16,
  isrCache: u16,
  isrCount: u16,
  pendingIoapicEoi: u8,
});
export type Lapic = View<typeof Lapic>;

/** Which irqchip the VM has. */
export const IRQCHIP_MODE = { NONE: 0, KERNEL: 1, SPLIT: 2 } as const;

/** What becomes of SVR bit 12, KVM_X2APIC_{ENABLE,DISABLE}_SUPPRESS_EOI_BROADCAST: offered but ignored, offered and obeyed, not offered. */
export const SUPPRESS_EOI = { QUIRKED: 0, ENABLED: 1, DISABLED: 2 } as const;

/** The optimised APIC map (kvm_apic_map): rebuilt when dirty. Slots hold 1 + vCPU index; `logicalMode` as in {@link LOGICAL}. */
const ApicMap = struct('apicMap', {
  dirty: u1,
  present: u1,
  logicalMode: u8,
  maxApicId: u32,
  physical: array(u16, 256),
  flat: array(u16, 8),
  cluster: array(u16, 256),
});
export type ApicMap = View<typeof ApicMap>;

/** State of one VM's x86 interrupt controllers. `arbitratesByPriority` is kvm.vector_hashing=N, `suppressEoi` one of {@link SUPPRESS_EOI}, `bootCpu` the vCPU id of KVM_SET_BOOT_CPU_ID. */
export const x86Layout = (limits: VmLimits, avic: AvicSizes) =>
  struct('x86', {
    mode: u8,
    x2apicFormat: u1,
    noBroadcastQuirk: u1,
    suppressEoi: u8,
    arbitratesByPriority: u1,
    bootCpu: u16,
    reservedPins: u16,
    pic: Pic,
    ioapic: Ioapic,
    map: ApicMap,
    lapics: array(Lapic, limits.vcpus),
    avic: avicLayout(avic),
    vmx: vmxLayout(avic.descriptors),
  });
export type X86State = View<ReturnType<typeof x86Layout>>;
