// State of a VM's vCPUs between KVM and guest, and of the Linux in it: arch/powerpc/sysdev/xive/common.c struct xive_cpu, struct xive_irq_data; sysdev/xics.

import { array, bits, struct, u1, u8, u16, u32, type View } from '@virq/irq-core/arena';

/** How the guest takes interrupts. */
export const GUEST_MODE = { NONE: 0, XIVE: 1, XICS: 2 } as const;

/**
 * A vCPU in its run loop beside what KVM's own layout has: `inGuest` it runs guest code, `external` KVM has given it an external interrupt at entry,
 * `paused` it was taken out of the guest because the VM stopped, `signal` its thread has a signal to take, `escQueued` entries of the host's queue that
 * its escalation interrupt takes up.
 */
export const RunVcpu = struct('runVcpu', { inGuest: u1, external: u1, paused: u1, signal: u1, escQueued: u8 });
export type RunVcpu = View<typeof RunVcpu>;

/**
 * A CPU of the guest's Linux. XIVE: its queue (`qpage` 1 + first guest frame), software's view of CPPR, priorities found pending, whether an
 * interrupt is to be replayed, 1 + LISN of its IPI. XICS: the stack of priorities (xics_cppr).
 */
export const GuestCpu = struct('guestCpu', {
  online: u1,
  qpage: u32,
  idx: bits(22),
  toggle: u1,
  replay: u1,
  cppr: u8,
  pendingPrio: u8,
  count: u32,
  pendingCount: u32,
  hwIpi: u16,
  cpprIndex: u8,
  cpprStack: array(u8, 8),
});
export type GuestCpu = View<typeof GuestCpu>;

/** An interrupt of the guest's Linux; its number is {@link FIRST_IRQ} + the slot. `target` is 1 + CPU, 0 for XIVE_INVALID_TARGET. */
export const GuestIrq = struct('guestIrq', {
  mapped: u1,
  started: u1,
  disabled: u1,
  lsi: u1,
  hIntEsb: u1,
  storeEoi: u1,
  savedP: u1,
  staleP: u1,
  lisn: u16,
  target: u16,
});
export type GuestIrq = View<typeof GuestIrq>;

/** Number of the guest's first interrupt (NR_IRQS_LEGACY); it is the IPI of all CPUs. */
export const FIRST_IRQ = 16;

/** Sizes of {@link guestLayout}. */
export interface GuestSizes {
  readonly vcpus: number;
  readonly irqs: number;
}

/** `mode` is one of {@link GUEST_MODE}. */
export const guestLayout = ({ vcpus, irqs }: GuestSizes) =>
  struct('guest', {
    mode: u8,
    vcpus: array(RunVcpu, vcpus),
    cpus: array(GuestCpu, vcpus),
    irqs: array(GuestIrq, irqs),
  });
export type GuestState = View<ReturnType<typeof guestLayout>>;
