// What is done to the whole native device: reset and EQ_SYNC. Linux: book3s_xive_native.c kvmppc_xive_reset, kvmppc_xive_native_eq_sync.

import type { Context } from './context.ts';
import { freeEscalation } from './escalation.ts';
import { Q_COUNT } from './layout.ts';
import { cleanupQueue } from './native-queue.ts';
import { MASKED } from './priority.ts';
import type { KvmSources } from './sources.ts';
import { disableVcpuInterrupts, switchOffBoth } from './switch-off.ts';

/** First half of CTRL RESET, for one vCPU: its sources, escalations and queues. With single escalation there is no queue 7. What a queue has counted stays. */
export function resetVcpu(ctx: Context, sources: KvmSources, vcpu: number): void {
  const v = ctx.state.vcpus.at(vcpu);
  if (v.irqType === 0) return;
  disableVcpuInterrupts(ctx, sources, vcpu);
  const count = ctx.state.singleEscalation === 1 ? Q_COUNT - 1 : Q_COUNT;
  for (let priority = 0; priority < count; priority++) {
    freeEscalation(ctx, vcpu, priority);
    cleanupQueue(ctx, v, priority);
  }
}

/** Its second half: sources that were routed to nobody any more are masked and off, but there. */
export function resetSources(ctx: Context, sources: KvmSources): void {
  sources.forEach((s) => {
    if (s.actPriority === MASKED) return;
    Object.assign(s, { eisn: 0, actServer: 0, actPriority: MASKED });
    switchOffBoth(ctx, s);
  });
}

/** The second half of EQ_SYNC: the page of every queue is marked dirty, as hardware writes into it unseen. */
export function markQueuesDirty({ state }: Context): void {
  for (let i = 0; i < state.vcpus.length; i++) {
    const v = state.vcpus.at(i);
    for (let p = 0; v.irqType !== 0 && p < Q_COUNT; p++) if (v.queues.at(p).qpage === 1) v.queues.at(p).dirty = 1;
  }
}
