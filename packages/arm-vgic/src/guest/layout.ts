// State of the Linux in a VM, as far as its interrupt controllers go: drivers/irqchip/irq-gic.c, irq-gic-v3.c, irq-gic-v3-its.c, kernel/irq.

import { array, struct, u1, u8, u16, u32, type View } from '@virq/irq-core/arena';

/** Driver that the guest has booted with. */
export const GUEST_GIC = { NONE: 0, V2: 2, V3: 3 } as const;

/** A CPU of the guest. `sgi` is what IAR gave for the SGI it handles: a GICv2 wants it back with the sender. `rdist` is its redistributor, `processor` the number of that. */
export const GuestCpu = struct('guestCpu', { online: u1, sgi: u16, rdist: u32, processor: u16 });
export type GuestCpu = View<typeof GuestCpu>;

/** An interrupt that a driver has requested. `target` is a CPU; an LPI has 1 + the slot of its device, and its event. */
export const GuestIrq = struct('guestIrq', {
  used: u1,
  edge: u1,
  masked: u1,
  intid: u32,
  target: u16,
  device: u8,
  event: u16,
});
export type GuestIrq = View<typeof GuestIrq>;

/** struct its_device: its table, its range of LPIs, one per event. */
export const GuestDevice = struct('guestDevice', {
  used: u1,
  its: u8,
  id: u32,
  events: u16,
  firstLpi: u32,
  itt: u32,
});
export type GuestDevice = View<typeof GuestDevice>;

/** struct its_node: where the next command goes, and how much of its memory is given away: pages of the second level, bytes of ITTs. */
export const GuestIts = struct('guestIts', { ready: u1, write: u32, tables: u8, itts: u32 });
export type GuestIts = View<typeof GuestIts>;

/** Sizes of {@link guestLayout}. */
export interface GuestSizes {
  readonly vcpus: number;
  readonly irqs: number;
  readonly devices: number;
  readonly itss: number;
}

/** `gic` is one of {@link GUEST_GIC}; `eoimode` 1 splits priority drop and deactivation; `directLpi` redistributors take INVLPIR. */
export const guestLayout = ({ vcpus, irqs, devices, itss }: GuestSizes) =>
  struct('guest', {
    gic: u8,
    eoimode: u1,
    directLpi: u1,
    lines: u16,
    cpus: array(GuestCpu, vcpus),
    irqs: array(GuestIrq, irqs),
    devices: array(GuestDevice, devices),
    its: array(GuestIts, Math.max(1, itss)),
  });
export type GuestState = View<ReturnType<typeof guestLayout>>;
