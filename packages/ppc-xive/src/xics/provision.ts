// Queues of vCPUs in XICS mode: none at first, then one per priority on every vCPU as soon as the guest uses the priority. Linux: book3s_xive.c xive_check_provisioning, xive_provision_queue.

import { realFrame } from '../hw/ram.ts';
import type { Context } from '../kvm/context.ts';
import { attachEscalation } from '../kvm/escalation.ts';
import { Q_COUNT } from '../kvm/layout.ts';
import { configureQueue } from '../kvm/queues.ts';
import { QUEUE_SHIFT } from './numbers.ts';

const FRAME_SHIFT = 12;
const FRAMES = 2 ** (QUEUE_SHIFT - FRAME_SHIFT);
/** The host's memory for queues begins here (Abstraction: a place for each queue that can be, instead of a page allocator). */
const FIRST_FRAME = 0x100000;
/** vCPUs of a VM for which there is a place. */
const VCPUS = 1024;
/** Room for so many VMs before places repeat. */
const VMS = 64;

/** First real frame of a queue's memory. */
export const queueFrame = (vm: number, vcpu: number, priority: number): number =>
  realFrame(0, FIRST_FRAME + (((vm % VMS) * VCPUS + vcpu) * Q_COUNT + priority) * FRAMES);

/** A queue gets zeroed memory. */
export function provisionQueue(ctx: Context, vcpu: number, priority: number): number {
  if (ctx.state.vcpus.at(vcpu).queues.at(priority).qpage === 1) return 0;
  const frame = queueFrame(ctx.vm, vcpu, priority);
  for (let i = 0; i < FRAMES; i++) ctx.host.xive.ram.clear(frame + i);
  const rc = configureQueue(ctx, ctx.state.vcpus.at(vcpu), priority, { frame, qshift: QUEUE_SHIFT });
  // Linux: an error of the escalation is not looked at.
  if (rc === 0 && ctx.state.singleEscalation === 0) attachEscalation(ctx, vcpu, priority);
  return rc;
}

/** xive_check_provisioning, under xive->lock: a queue of the priority on every vCPU: 0 or -EIO. */
export function provision(ctx: Context, priority: number): number {
  const { state } = ctx;
  if ((state.qmap & (1 << priority)) !== 0) return 0;
  for (let vcpu = 0; vcpu < state.vcpus.length; vcpu++) {
    if (state.vcpus.at(vcpu).valid === 0) continue;
    const rc = provisionQueue(ctx, vcpu, priority);
    if (rc !== 0) return rc;
  }
  state.qmap |= 1 << priority;
  return 0;
}
