// What of an LPI is the hardware's once it is a vLPI (irq->hw). Linux: vgic-its.c where it asks for irq->hw; drivers/irqchip/irq-gic-v4.c its_*_vlpi.

import type { Irq } from '../irq/layout.ts';

/** The hardware below forwarded LPIs. Results are 0 or -EINVAL for a host irq that is not forwarded. */
export interface LpiForwarding {
  /** its_prop_update_vlpi with the whole configuration byte. */
  configure(irq: Irq, byte: number): number;
  /** its_invall_vpe, if the vCPU has a vPE. */
  invalidateAll(vcpu: number): void;
  /** irq_set_irqchip_state: pending, or no longer. */
  setPending(irq: Irq, level: number): number;
  /** The LPI has a new target: its_map_vlpi once more. */
  retarget(irq: Irq): number;
  /** its_unmap_vlpi, since the ITE goes. */
  unmap(irq: Irq): void;
  /** A table of mappings can be saved while LPIs are forwarded: GICv4.1. */
  readonly isSavable: boolean;
  /** Calls with the vPEs unmapped, so that their pending tables can be read; without GICv4.1 it just calls. */
  whileUnmapped<T>(work: () => T): T;
  /** vgic_v4_get_vlpi_state: the LPI's bit in the table of its vPE. */
  isPending(irq: Irq): boolean;
}

/** A VM without any: what asks for `hw` never finds it. */
export const NO_FORWARDING: LpiForwarding = {
  configure: () => 0,
  invalidateAll: () => undefined,
  setPending: () => 0,
  retarget: () => 0,
  unmap: () => undefined,
  isSavable: false,
  whileUnmapped: (work) => work(),
  isPending: () => false,
};
