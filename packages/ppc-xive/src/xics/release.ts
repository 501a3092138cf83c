// The XICS device's file is closed: vCPUs lose their ICPs, sources are masked and freed. Linux: arch/powerpc/kvm/book3s_xive.c kvmppc_xive_release, kvmppc_xive_disable_vcpu_interrupts, kvmppc_xive_free_sources.

import { ESB, ESB_PAGE } from '../hw/esb.ts';
import type { Context } from '../kvm/context.ts';
import { DEVICE, type IrqState } from '../kvm/layout.ts';
import { MASKED } from '../kvm/priority.ts';
import type { KvmSources } from '../kvm/sources.ts';
import { untilDone } from '../kvm/vp.ts';
import { GIRQ_ESCALATION } from '../opal/codes.ts';
import { HOST_VP } from '../opal/context.ts';
import { cleanupXics } from './connect.ts';

/** kvmppc_xive_cleanup_irq: PQ := 01, EAS masked. */
function cleanupIrq({ host }: Context, source: number, girq: number): void {
  host.xive.sources.load(source, ESB_PAGE.MANAGEMENT, ESB.SET_PQ_01);
  untilDone(() => host.opal.irqs.configure(girq, { vp: HOST_VP, priority: MASKED, lirq: 0 }));
}

/** IPI and passed-through source of a guest's interrupt. */
function cleanupBoth(ctx: Context, s: IrqState): void {
  cleanupIrq(ctx, s.ipi - 1, ctx.host.opal.irqs.numberOf(s.ipi - 1));
  if (s.ptNumber !== 0) cleanupIrq(ctx, s.ptData - 1, s.ptNumber);
}

/** kvmppc_xive_disable_vcpu_interrupts. */
function disableVcpuInterrupts(ctx: Context, sources: KvmSources, vcpu: number): void {
  const v = ctx.state.vcpus.at(vcpu);
  sources.forEach((s) => {
    if (s.actPriority === MASKED || s.actServer !== v.serverNum) return;
    s.actPriority = MASKED;
    cleanupBoth(ctx, s);
  });
  const { escIrq } = v.queues.at(0);
  if (v.escOn === 1 && escIrq !== 0) {
    ctx.host.xive.router.loadEnd((escIrq - 1) & ~GIRQ_ESCALATION, 'ese', ESB.SET_PQ_01);
    v.escOn = 0;
  }
  v.escPage = 0;
}

/** kvmppc_xive_free_sources: the host's data of a passed-through interrupt stay. */
function freeSources(ctx: Context, sources: KvmSources): void {
  const { opal } = ctx.host;
  sources.forEach((s) => {
    cleanupBoth(ctx, s);
    untilDone(() => opal.irqs.free(opal.irqs.numberOf(s.ipi - 1)));
  });
}

/** kvmppc_xive_release. The VMM has no other reference to the file, so that nobody is in an attribute or connects. */
export function releaseXics(ctx: Context, sources: KvmSources): void {
  const { state, host } = ctx;
  for (let vcpu = 0; vcpu < state.vcpus.length; vcpu++)
    cleanupXics(ctx, vcpu, (of) => disableVcpuInterrupts(ctx, sources, of));
  state.device = DEVICE.NONE;
  freeSources(ctx, sources);
  sources.clear();
  if (state.vpBase !== 0) untilDone(() => host.opal.vps.free(state.vpBase));
  state.vpBase = 0;
}
