// Escalation interrupts of a vCPU: requested per queue, and freed. What the host does with them is in guest/. Linux: book3s_xive.c kvmppc_xive_attach_escalation, xive_cleanup_single_escalation.

import { EBUSY } from '@virq/irq-core/errors';
import { escalationLirq, HOST_PRIORITY } from '../host/power-host.ts';
import { ESB } from '../hw/esb.ts';
import { GIRQ_ESCALATION } from '../opal/codes.ts';
import { HOST_VP } from '../opal/context.ts';
import type { Context } from './context.ts';
import { Q_COUNT, type XiveVcpu } from './layout.ts';

/** END of an escalation source by its number. */
const endOf = (girq: number): number => girq & ~GIRQ_ESCALATION;

/** Queue of a vCPU, other than `priority`, whose requested escalation has the same source; -1 if none. */
function sharer(v: XiveVcpu, priority: number): number {
  const { escIrq } = v.queues.at(priority);
  for (let p = 0; p < Q_COUNT; p++)
    if (p !== priority && v.queues.at(p).escVirq === 1 && v.queues.at(p).escIrq === escIrq) return p;
  return -1;
}

/**
 * Requests the escalation of a queue: 0 also when it is there already. With single escalation all queues of a vCPU have one source, and a second
 * request of its Linux irq, which is not shared, fails with -EBUSY. Linux: the error path then disposes of the mapping that the first queue
 * goes on using; what the next guest entry or H_CEDE does to its ESB is an access to an unmapped address.
 */
export function attachEscalation(ctx: Context, vcpu: number, priority: number): number {
  const { host, state, trace, vm } = ctx;
  const v = state.vcpus.at(vcpu);
  const q = v.queues.at(priority);
  if (q.escVirq === 1) return 0;
  const girq = q.escIrq - 1;
  const other = sharer(v, priority);
  if (other >= 0) {
    host.xive.router.loadEnd(endOf(girq), 'ese', ESB.SET_PQ_01);
    v.escLost = 1;
    if (trace.on) trace.emit('xive_escalation_lost', { vcpu, priority: other });
    return -EBUSY;
  }
  const lirq = escalationLirq(vm, vcpu, priority);
  host.opal.irqs.configure(girq, { vp: HOST_VP, priority: HOST_PRIORITY, lirq });
  host.xive.router.loadEnd(endOf(girq), 'ese', state.singleEscalation === 1 ? ESB.SET_PQ_01 : ESB.SET_PQ_00);
  q.escVirq = 1;
  if (state.singleEscalation === 1) v.escPage = 1 + endOf(girq);
  return 0;
}

/** free_irq and irq_dispose_mapping of a queue's escalation: the source is off. */
export function freeEscalation({ host, state }: Context, vcpu: number, priority: number): void {
  const q = state.vcpus.at(vcpu).queues.at(priority);
  if (q.escVirq === 0) return;
  host.xive.router.loadEnd(endOf(q.escIrq - 1), 'ese', ESB.SET_PQ_01);
  q.escVirq = 0;
}

/** Disables the vCPU's escalation at its ESB and forgets where that is (tail of kvmppc_xive_disable_vcpu_interrupts). */
export function forgetEscalationPage({ host, state }: Context, vcpu: number): void {
  const v = state.vcpus.at(vcpu);
  if (v.escOn === 1 && v.escPage !== 0) host.xive.router.loadEnd(v.escPage - 1, 'ese', ESB.SET_PQ_01);
  Object.assign(v, { escOn: 0, escPage: 0 });
}
