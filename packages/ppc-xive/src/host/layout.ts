// State of the host below POWER VMs: the XIVE, what OPAL has handed out, and Linux' own view of device interrupts. Linux: arch/powerpc/sysdev/xive/common.c.

import { array, struct, u1, u8, u16, u32, type View } from '@virq/irq-core/arena';
import { lock } from '@virq/irq-core/protocol';
import { type XiveSizes, xiveLayout } from '../hw/layout.ts';

/**
 * A device's interrupt as the host's Linux keeps it (struct xive_irq_data). `source` is its hardware source; `hasTarget` that it has a host CPU;
 * `forwarded` IRQD_FORWARDED_TO_VCPU; `queued` an entry in a host queue that no CPU has ended yet.
 */
export const HostIrq = struct('hostIrq', {
  requested: u1,
  hasTarget: u1,
  forwarded: u1,
  savedP: u1,
  staleP: u1,
  queued: u8,
  /** Linux calls it irq data: gone once the owner of the source has freed it. */
  data: u1,
  desc: lock,
});
export type HostIrq = View<typeof HostIrq>;

/** What OPAL keeps of a block of virtual processors: base and order; `order` is 1 + log2, 0 for none. */
const VpBlock = struct('vpBlock', { base: u32, order: u8 });

/** What runs on a hardware thread: 1 + VM, and its vCPU. */
const Pcpu = struct('pcpu', { vm: u8, vcpu: u16 });

/** Sizes of {@link powerHostLayout}. */
export interface PowerHostSizes {
  readonly xive: XiveSizes;
  /** Device interrupts. */
  readonly irqs: number;
  readonly vms: number;
}

/** `busy`: so many OPAL calls answer OPAL_BUSY before one does something. `firstPhb` index of the first device source. */
export const powerHostLayout = ({ xive, irqs, vms }: PowerHostSizes) =>
  struct('power', {
    xive: xiveLayout(xive),
    irqs: array(HostIrq, irqs),
    vpBlocks: array(VpBlock, vms * 2),
    cpus: array(Pcpu, xive.threads),
    busy: u8,
  });
export type PowerHostState = View<ReturnType<typeof powerHostLayout>>;
