// Escalation interrupts of vCPUs in XICS mode, by which the host learns that a vCPU on no thread has an interrupt. Linux: book3s_xive.c kvmppc_xive_attach_escalation, xive_cleanup_single_escalation.

import { EIO } from '@virq/irq-core/errors';
import { escalationLirq, HOST_PRIORITY } from '../host/power-host.ts';
import { ESB } from '../hw/esb.ts';
import type { Context } from '../kvm/context.ts';
import { untilDone } from '../kvm/vp.ts';
import { GIRQ_ESCALATION, MASKED, OPAL } from '../opal/codes.ts';
import { HOST_VP } from '../opal/context.ts';

/** The host asks for the interrupt of a queue (request_irq): 0 or -EIO. With single escalation it stays off until the vCPU cedes. */
export function attachEscalation({ vm, state, host }: Context, vcpu: number, priority: number): number {
  const v = state.vcpus.at(vcpu);
  const q = v.queues.at(priority);
  if (q.escIrq !== 0) return 0;
  const info = host.opal.queues.info(v.vpId, priority);
  if (info === null) return -EIO;
  const to = { vp: HOST_VP, priority: HOST_PRIORITY, lirq: escalationLirq(vm, vcpu, priority) };
  if (untilDone(() => host.opal.irqs.configure(info.escIrq, to)) !== OPAL.SUCCESS) return -EIO;
  const single = state.singleEscalation === 1;
  host.xive.router.loadEnd(info.escIrq & ~GIRQ_ESCALATION, 'ese', single ? ESB.SET_PQ_01 : ESB.SET_PQ_00);
  q.escIrq = info.escIrq + 1;
  if (single) v.escPage = 1;
  return 0;
}

/** free_irq of all that were attached. */
export function detachEscalations({ state, host }: Context, vcpu: number): void {
  const { queues } = state.vcpus.at(vcpu);
  for (let priority = 0; priority < queues.length; priority++) {
    const q = queues.at(priority);
    if (q.escIrq === 0) continue;
    const end = (q.escIrq - 1) & ~GIRQ_ESCALATION;
    host.xive.router.loadEnd(end, 'ese', ESB.SET_PQ_01);
    untilDone(() => host.opal.irqs.configure(q.escIrq - 1, { vp: HOST_VP, priority: MASKED, lirq: 0 }));
    q.escIrq = 0;
  }
}
