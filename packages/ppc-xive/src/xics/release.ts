// The XICS device's file is closed: vCPUs lose their ICPs, sources are masked and freed. Linux: arch/powerpc/kvm/book3s_xive.c kvmppc_xive_release, kvmppc_xive_disable_vcpu_interrupts, kvmppc_xive_free_sources.

import type { Context } from '../kvm/context.ts';
import { DEVICE } from '../kvm/layout.ts';
import type { KvmSources } from '../kvm/sources.ts';
import { disableVcpuInterrupts, freeSources } from '../kvm/switch-off.ts';
import { freeVps } from '../kvm/vp.ts';
import { cleanupXics } from './connect.ts';

/** kvmppc_xive_release. The VMM has no other reference to the file, so that nobody is in an attribute or connects. */
export function releaseXics(ctx: Context, sources: KvmSources): void {
  const { state } = ctx;
  for (let vcpu = 0; vcpu < state.vcpus.length; vcpu++)
    cleanupXics(ctx, vcpu, (of) => disableVcpuInterrupts(ctx, sources, of));
  state.device = DEVICE.NONE;
  freeSources(ctx, sources);
  freeVps(ctx);
}
