// An input of the VGIC changes. Linux: arch/arm64/kvm/vgic/vgic.c kvm_vgic_inject_irq.

import { EINVAL } from '@virq/irq-core/errors';
import type { Context } from '../context.ts';
import { INTID } from '../irq/layout.ts';
import type { IrqTable } from './irqs.ts';
import type { VgicPaths } from './paths.ts';

/** Wires into the VGIC. */
export interface Inputs {
  /**
   * Drives an input: 0, -EINVAL for an interrupt that there is not, -EBUSY before the VGIC of a GICv3 is initialised (0 where callers see to that). `vcpu` is an index, -1 for SPIs and LPIs;
   * `owner` 0 for user space. A wire of another owner is ignored.
   */
  inject(vcpu: number, intid: number, level: number, owner?: number): number;
  /** vgic_queue_irq_unlock: after a change that can make the interrupt of a handle deliverable. */
  queue(handle: number): void;
}

/** What {@link createInputs} needs; `lazyInit` initialises a GICv2 that is not yet, -EBUSY for a GICv3. */
export interface InputParts {
  readonly irqs: IrqTable;
  readonly lazyInit: () => number;
  /** Late: it is built on the inputs. */
  readonly paths: () => VgicPaths;
}

/** Creates them. */
export function createInputs(ctx: Context, { irqs, lazyInit, paths }: InputParts): Inputs {
  const { trace, state } = ctx;
  const { kvm: policy } = ctx.profile;
  return {
    inject(vcpu, intid, level, owner = 0) {
      const { tracesFirst: early } = policy;
      if (trace.on && early) trace.emit('vgic_update_irq_pending', { vcpu: Math.max(0, vcpu), irq: intid, level });
      if (state.dist.initialized === 0) {
        if (policy.lazyInit === 'callers') return 0;
        const error = lazyInit();
        if (error !== 0) return error;
      }
      if (vcpu < 0 && intid < INTID.SPI) return -EINVAL;
      if (trace.on && !early) trace.emit('vgic_update_irq_pending', { vcpu: Math.max(0, vcpu), irq: intid, level });
      const irq = irqs.find(vcpu, intid);
      if (irq < 0) return -EINVAL;
      paths().inject(irq, level, owner);
      return 0;
    },
    queue: (handle) => paths().queue(handle),
  };
}
