// State of the architecture-independent half of one VM. Linux: struct kvm (irq part), virt/kvm/{irqchip,eventfd}.c.

import { array, bitmap, bits, handle, pool, struct, u1, u8, u16, u32, type View } from '../arena/index.ts';
import { lock, srcu } from '../protocol/index.ts';
import type { VmLimits } from './limits.ts';

/** struct kvm_kernel_irq_routing_entry. `next` is 1 + index of the entry raised after this one on the same GSI, 0 at the end. */
export const RoutingEntry = struct('routingEntry', {
  type: u8,
  irqchip: u8,
  pin: u16,
  addressLo: u32,
  addressHi: u32,
  data: u32,
  devid: u32,
  flags: u8,
  gsi: u16,
  next: u16,
});
export type RoutingEntry = View<typeof RoutingEntry>;

/** struct kvm_irq_routing_table: per GSI a chain of entries, and for each chip pin 1 + the GSI that names it last. */
export const routingTable = (l: VmLimits) =>
  struct('routingTable', {
    nrGsis: u16,
    used: u16,
    heads: array(u16, l.gsis),
    gsiOfPin: array(u16, l.irqchips * l.pins),
    entries: array(RoutingEntry, l.routes),
  });

/**
 * struct kvm_kernel_irqfd. `route` is the snapshot for the fast path (type 0: none), read under the sequence count `seq`; `waking`
 * counts wake-ups in flight, which in the kernel hold the wait queue's lock. `irteVcpu` is 1 + irq_bypass_vcpu, `irteBusy` set while its IRTE is
 * being updated by a process of the architecture.
 */
export const Irqfd = struct('irqfd', {
  eventfd: handle,
  resamplefd: handle,
  resampler: handle,
  waiter: handle,
  gsi: u32,
  active: u1,
  injectQueued: u1,
  injecting: u1,
  shutdownQueued: u1,
  shuttingDown: u1,
  waking: bits(4),
  route: RoutingEntry,
  seq: u16,
  next: handle,
  nextOfResampler: handle,
  consumer: u1,
  producer: u16,
  hostIrq: u32,
  irteVcpu: u16,
  irteBusy: u1,
});
export type Irqfd = View<typeof Irqfd>;

/** struct kvm_kernel_irqfd_resampler: one per GSI while a resampling irqfd exists on it. */
export const Resampler = struct('resampler', { gsi: u32, members: handle, notifier: handle, next: handle });
export type Resampler = View<typeof Resampler>;

/** struct kvm_irq_ack_notifier / kvm_irq_mask_notifier: `kind` names the handler, `owner` is handed to it. */
export const Notifier = struct('notifier', { gsi: u32, kind: u8, owner: u16, next: handle });
export type Notifier = View<typeof Notifier>;

/** A vCPU as generic code sees it. `mode` is vcpu->mode, `pcpu` 1 + the CPU it is loaded on. */
export const Vcpu = struct('vcpu', {
  requests: u32,
  mode: u8,
  pcpu: u8,
  blocking: u1,
});
export type Vcpu = View<typeof Vcpu>;

/** State of one VM, architecture-independent part. */
export const kvmLayout = (l: VmLimits) =>
  struct('kvm', {
    irqLock: lock,
    irqfdsLock: lock,
    resamplerLock: lock,
    irqSrcu: srcu,
    table: handle,
    tables: pool(routingTable(l), 3),
    items: handle,
    cleanupWorkers: u8,
    irqfds: pool(Irqfd, l.irqfds),
    resamplerList: handle,
    resamplers: pool(Resampler, l.irqfds),
    ackNotifiers: handle,
    maskNotifiers: handle,
    notifiers: pool(Notifier, Math.min(1023, l.irqfds + 16)),
    sources: bitmap(64),
    bypassIrqs: u16,
    vcpus: array(Vcpu, l.vcpus),
  });
export type KvmState = View<ReturnType<typeof kvmLayout>>;
