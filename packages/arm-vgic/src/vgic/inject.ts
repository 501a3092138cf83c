// An input of the VGIC changes. Linux: arch/arm64/kvm/vgic/vgic.c kvm_vgic_inject_irq.

import { EBUSY, EINVAL } from '@virq/irq-core/errors';
import type { Context } from '../context.ts';
import { INTID } from '../irq/layout.ts';
import { vgicInjectIrq, vgicQueueIrqUnlock } from '../lists/queue.ts';
import type { IrqTable } from './irqs.ts';

/** Wires into the VGIC. */
export interface Inputs {
  /**
   * Drives an input: 0, -EINVAL for an interrupt that there is not, -EBUSY before the VGIC of a GICv3 is initialised. `vcpu` is an index, -1 for SPIs and LPIs;
   * `owner` 0 for user space. A wire of another owner is ignored.
   */
  inject(vcpu: number, intid: number, level: number, owner?: number): number;
  /** vgic_queue_irq_unlock: after a change that can make the interrupt of a handle deliverable. */
  queue(handle: number): void;
}

/** Creates them; `lazyInit` initialises a GICv2 that is not yet, -EBUSY for a GICv3. */
export function createInputs(ctx: Context, irqs: IrqTable, lazyInit: () => number): Inputs {
  const { vm, trace, state } = ctx;
  const args = { vm, irq: 0 };
  return {
    inject(vcpu, intid, level, owner = 0) {
      const early = ctx.profile.version === '6.1';
      if (trace.on && early) trace.emit('vgic_update_irq_pending', { vcpu: Math.max(0, vcpu), irq: intid, level });
      const error = state.dist.initialized === 1 ? 0 : lazyInit();
      if (error !== 0) return state.dist.model === 0 ? -EBUSY : error;
      if (vcpu < 0 && intid < INTID.SPI) return -EINVAL;
      if (trace.on && !early) trace.emit('vgic_update_irq_pending', { vcpu: Math.max(0, vcpu), irq: intid, level });
      const irq = irqs.find(vcpu, intid);
      if (irq < 0) return -EINVAL;
      ctx.processes().call(vgicInjectIrq as never, { vm, irq, level, owner } as never);
      return 0;
    },
    queue(handle) {
      args.irq = handle;
      ctx.processes().call(vgicQueueIrqUnlock as never, args as never);
    },
  };
}
