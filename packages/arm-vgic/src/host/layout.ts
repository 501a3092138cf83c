// Physical interrupts below the VMs: those that are tied to guest interrupts. Linux: irq_get_irqchip_state, irq_set_irqchip_state.

import { array, struct, u1, u8, type View } from '@virq/irq-core/arena';
import { type GicSizes, gicLayout } from './gic-layout.ts';
import { Tie } from './ties.ts';

/** A host interrupt as its GIC has it: input line, pending latch, active. `priority` and `group` are those of a virtual SGI (GICv4.1). */
export const PhysIrq = struct('physIrq', { line: u1, pending: u1, active: u1, enabled: u1, group: u1, priority: u8 });
export type PhysIrq = View<typeof PhysIrq>;

/** Sizes of {@link armHostLayout}. */
export interface ArmHostSizes {
  /** Host interrupts that can be tied to one of a guest; numbered from 0. */
  readonly irqs: number;
  /** Of a GICv4; nothing to speak of without. */
  readonly gic: GicSizes;
}

/** The host's part. */
export const armHostLayout = ({ irqs, gic }: ArmHostSizes) =>
  struct('armHost', { irqs: array(PhysIrq, irqs), ties: array(Tie, irqs), gic: gicLayout(gic) });
export type ArmHostState = View<ReturnType<typeof armHostLayout>>;
