// Sources are switched off, one by one or all that a vCPU gets, and given back. Linux: book3s_xive.c kvmppc_xive_disable_vcpu_interrupts, kvmppc_xive_cleanup_irq, kvmppc_xive_free_sources.

import { ESB, ESB_PAGE } from '../hw/esb.ts';
import { untilDone } from '../opal/until-done.ts';
import type { Context } from './context.ts';
import { forgetEscalationPage } from './escalation.ts';
import type { IrqState } from './layout.ts';
import { MASKED } from './priority.ts';
import type { KvmSources } from './sources.ts';

/** PQ off and EAS masked, at a hardware source that KVM knows by its index. */
export function switchOff({ host }: Context, index: number): void {
  host.xive.sources.load(index, ESB_PAGE.MANAGEMENT, ESB.SET_PQ_01);
  const girq = host.opal.irqs.numberOf(index);
  untilDone(() => host.opal.irqs.configure(girq, { vp: 0, priority: MASKED, lirq: 0 }));
}

/** Both hardware sources behind a guest source are off: its IPI, and a passed-through one. */
export function switchOffBoth(ctx: Context, s: IrqState): void {
  switchOff(ctx, s.ipi - 1);
  if (s.ptNumber !== 0) switchOff(ctx, s.ptData - 1);
}

/** kvmppc_xive_disable_vcpu_interrupts: no source is routed to the vCPU any more, its escalation is off. */
export function disableVcpuInterrupts(ctx: Context, sources: KvmSources, vcpu: number): void {
  const { serverNum } = ctx.state.vcpus.at(vcpu);
  sources.forEach((s) => {
    if (s.actPriority === MASKED || s.actServer !== serverNum) return;
    s.actPriority = MASKED;
    switchOffBoth(ctx, s);
  });
  forgetEscalationPage(ctx, vcpu);
}

/** Every source is off, its IPI OPAL's again; a passed-through one is off, too, but the host's data of it stays. No block is left. */
export function freeSources(ctx: Context, sources: KvmSources): void {
  const { irqs } = ctx.host.opal;
  sources.forEach((s) => {
    switchOffBoth(ctx, s);
    untilDone(() => irqs.free(irqs.numberOf(s.ipi - 1)));
  });
  sources.clear();
}
