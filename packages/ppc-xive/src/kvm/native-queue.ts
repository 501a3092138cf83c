// Event queues in memory of the guest. Linux: book3s_xive_native.c kvmppc_xive_native_{set,get}_queue_config, native.c xive_native_configure_queue.

import { EFAULT, EINVAL, EIO, ENOENT } from '@virq/irq-core/errors';
import type { AttrPayload } from '@virq/irq-core/kvm';
import { realFrame } from '../hw/ram.ts';
import { EQ_FLAG, OPAL } from '../opal/codes.ts';
import type { Context } from './context.ts';
import { attachEscalation } from './escalation.ts';
import type { Queue, XiveVcpu } from './layout.ts';
import { fromGuest } from './priority.ts';
import { configureQueue, disableQueue, type QueuePlace } from './queues.ts';
import { findServer } from './targets.ts';

/** KVM_XIVE_EQ_ALWAYS_NOTIFY, the only flag there is, and without which no queue is taken. */
export const ALWAYS_NOTIFY = 1;
/** The only size of a queue that KVM takes, log2 of bytes. */
export const EQ_SHIFT = 16;
/** EQ_CONFIG's attribute: priority in bits 2:0, server above. */
export const eqId = (server: number, priority: number): number => server * 8 + priority;

const FRAME_SHIFT = 12;

/** kvmppc_xive_native_configure_queue: the reference on the page before is only dropped when the new one is in force. */
function replaceQueue(ctx: Context, v: XiveVcpu, priority: number, place: QueuePlace): number {
  const q = v.queues.at(priority);
  const had = q.qpage;
  const failed = configureQueue(ctx, v, priority, place);
  if (failed === 0) q.refs -= had;
  return failed;
}

/** kvmppc_xive_native_cleanup_queue. */
export function cleanupQueue(ctx: Context, v: XiveVcpu, priority: number): void {
  const q = v.queues.at(priority);
  disableQueue(ctx, v, priority);
  if (q.qpage === 0) return;
  q.refs--;
  q.qpage = 0;
}

/** The queue that an EQ_CONFIG attribute names: -ENOENT without such a server, -EINVAL for a priority that has none. */
function queueAt({ state }: Context, attr: number): { readonly vcpu: number; readonly priority: number } | number {
  const priority = attr % 8;
  const vcpu = findServer(state, Math.floor(attr / 8));
  if (vcpu < 0) return -ENOENT;
  return priority === fromGuest(priority) ? { vcpu, priority } : -EINVAL;
}

/** What is wrong with a queue's flags, size and place, in the kernel's order: 0 or -EINVAL. */
function checkPlace({ options }: Context, eq: Readonly<AttrPayload>): number {
  if (Number(eq['flags']) !== ALWAYS_NOTIFY || Number(eq['qshift']) !== EQ_SHIFT) return -EINVAL;
  const bytes = 1n << (eq['qshift'] as bigint);
  const qaddr = eq['qaddr'] as bigint;
  if (qaddr % bytes !== 0n || EQ_SHIFT > options.hostPageShift) return -EINVAL;
  return qaddr + bytes > BigInt(options.memory) ? -EINVAL : 0;
}

/** The queue's state is only set when it is not the one that a new queue has: H_INT_SET_QUEUE_CONFIG does not touch it, a restore does. */
function restoreState({ host }: Context, v: XiveVcpu, priority: number, eq: Readonly<AttrPayload>): number {
  const [toggle, index] = [Number(eq['qtoggle']), Number(eq['qindex'])];
  if (toggle === 1 && index === 0) return 0;
  return host.opal.queues.setState(v.vpId, priority, toggle & 1, index & 0x3fffff) === OPAL.SUCCESS ? 0 : -EIO;
}

function enableQueue(ctx: Context, vcpu: number, priority: number, eq: Readonly<AttrPayload>): number {
  const v = ctx.state.vcpus.at(vcpu);
  const q = v.queues.at(priority);
  q.refs++;
  q.guestQaddr = eq['qaddr'] as bigint;
  q.guestQshift = EQ_SHIFT;
  const frame = realFrame(1 + ctx.vm, Number(q.guestQaddr) / 2 ** FRAME_SHIFT);
  const refused = replaceQueue(ctx, v, priority, { frame, qshift: EQ_SHIFT });
  if (refused !== 0) {
    q.refs--;
    return refused;
  }
  const failed = restoreState(ctx, v, priority, eq) || attachEscalation(ctx, vcpu, priority);
  if (failed !== 0) cleanupQueue(ctx, v, priority);
  return failed;
}

/** EQ_CONFIG set. Size 0 resets the queue, whatever the flags are. */
export function setQueueConfig(ctx: Context, attr: number, eq: Readonly<AttrPayload> | null): number {
  if (eq === null) return -EFAULT;
  const at = queueAt(ctx, attr);
  if (typeof at === 'number') return at;
  const v = ctx.state.vcpus.at(at.vcpu);
  if (eq['qshift'] === 0n) {
    Object.assign(v.queues.at(at.priority), { guestQaddr: 0n, guestQshift: 0 });
    return replaceQueue(ctx, v, at.priority, { frame: 0, qshift: 0 });
  }
  return checkPlace(ctx, eq) || enableQueue(ctx, at.vcpu, at.priority, eq);
}

/** EQ_CONFIG get: what the guest has configured, with the live position. A queue that was never configured leaves the caller's struct alone. */
export function getQueueConfig(ctx: Context, attr: number, out: AttrPayload): number {
  const at = queueAt(ctx, attr);
  if (typeof at === 'number') return at;
  const v = ctx.state.vcpus.at(at.vcpu);
  const q: Queue = v.queues.at(at.priority);
  if (q.qpage === 0) return 0;
  const info = ctx.host.opal.queues.info(v.vpId, at.priority);
  const position = ctx.host.opal.queues.state(v.vpId, at.priority);
  if (info === null || position === null) return -EIO;
  const flags = (info.flags & EQ_FLAG.ALWAYS_NOTIFY) === 0 ? 0n : BigInt(ALWAYS_NOTIFY);
  const { toggle, index } = position;
  Object.assign(out, { flags, qshift: BigInt(q.guestQshift), qaddr: q.guestQaddr });
  Object.assign(out, { qtoggle: BigInt(toggle), qindex: BigInt(index) });
  return 0;
}
