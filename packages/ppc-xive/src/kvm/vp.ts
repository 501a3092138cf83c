// VPs of a VM: the block that the first vCPU to connect makes OPAL allocate, and the VP of a server number. Linux: book3s_xive.c kvmppc_xive_compute_vp_id, native.c xive_native_alloc_vp_block.

import { EBUSY, EEXIST, EINVAL, EIO, ENOSPC } from '@virq/irq-core/errors';
import { OPAL, VP_FLAG } from '../opal/codes.ts';
import { untilDone } from '../opal/until-done.ts';
import { packVcpuId, VP_GROUP } from '../opal/vp-id.ts';
import type { Context } from './context.ts';

/** VP of a server number (kvmppc_xive_vp); one that OPAL refuses as long as the VM has no VPs. */
export const vpOf = ({ state, options }: Context, server: number): number =>
  state.vpBase === 0 ? VP_GROUP : state.vpBase + packVcpuId(server, options.smt, options.maxVcpus);

/** Index of the connected vCPU that has a VP, -1 if none. */
function userOf({ state: { vcpus } }: Context, vp: number): number {
  for (let i = 0; i < vcpus.length; i++) if (vcpus.at(i).valid === 1 && vcpus.at(i).vpId === vp) return i;
  return -1;
}

/** kvmppc_xive_compute_vp_id: -EINVAL beyond the servers of the device, -ENOSPC without a block, -EEXIST for a VP that is taken. */
export function computeVp(ctx: Context, server: number): number {
  const { state, options, host } = ctx;
  if (packVcpuId(server, options.smt, options.maxVcpus) >= state.nrServers) return -EINVAL;
  if (state.vpBase === 0) {
    const order = Math.ceil(Math.log2(state.nrServers));
    const base = untilDone(() => host.opal.vps.allocate(order));
    if (base < 0) return -ENOSPC;
    state.vpBase = base;
  }
  const vp = vpOf(ctx, server);
  return userOf(ctx, vp) >= 0 ? -EEXIST : vp;
}

/** xive_native_enable_vp: 0 or -EIO. */
export function enableVp({ host, state }: Context, vp: number): number {
  const flags =
    VP_FLAG.ENABLED |
    (state.singleEscalation === 1 ? VP_FLAG.SINGLE_ESCALATION : 0) |
    (state.saveRestore === 1 ? VP_FLAG.SAVE_RESTORE : 0);
  return untilDone(() => host.opal.vps.set(vp, flags)) === OPAL.SUCCESS ? 0 : -EIO;
}

/** xive_native_disable_vp. */
export const disableVp = ({ host }: Context, vp: number): number => untilDone(() => host.opal.vps.set(vp, 0));

/** Threads of a core at most: vCPU ids are below KVM_MAX_VCPUS times this (KVM_MAX_VCPU_IDS). */
const MAX_SMT_THREADS = 8;

/** kvmppc_xive_set_nr_servers, the same for both devices: -EINVAL for 0 or more than there are ids, -EBUSY once the VP block is allocated. More than KVM_MAX_VCPUS means that many. */
export function setNrServers({ state, options }: Context, servers: number): number {
  if (servers === 0 || servers > options.maxVcpus * MAX_SMT_THREADS) return -EINVAL;
  if (state.vpBase !== 0) return -EBUSY;
  state.nrServers = Math.min(servers, options.maxVcpus);
  return 0;
}

/** Gives the block of VPs back. */
export function freeVps({ state, host }: Context): void {
  if (state.vpBase !== 0) untilDone(() => host.opal.vps.free(state.vpBase));
  state.vpBase = 0;
}
