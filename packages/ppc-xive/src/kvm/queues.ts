// A vCPU's queues at the firmware, in either mode. Linux: arch/powerpc/sysdev/xive/native.c xive_native_configure_queue, xive_native_disable_queue.

import { EIO } from '@virq/irq-core/errors';
import { EQ_FLAG, OPAL } from '../opal/codes.ts';
import { untilDone } from '../opal/until-done.ts';
import type { Context } from './context.ts';
import type { XiveVcpu } from './layout.ts';

/** First real frame of a queue and its size; size 0 for an END without a queue. */
export interface QueuePlace {
  readonly frame: number;
  readonly qshift: number;
}

/** xive_native_configure_queue with escalation: 0 or -EIO. `qpage` is set last, so that nobody counts on a queue that is not there yet. */
export function configureQueue(ctx: Context, v: XiveVcpu, priority: number, { frame, qshift }: QueuePlace): number {
  const { queues } = ctx.host.opal;
  const q = v.queues.at(priority);
  Object.assign(q, { idx: 0, toggle: 0, qshift });
  const info = queues.info(v.vpId, priority);
  if (info === null) return -EIO;
  q.escIrq = info.escIrq + 1;
  const flags = EQ_FLAG.ALWAYS_NOTIFY | EQ_FLAG.ENABLED | EQ_FLAG.ESCALATE;
  if (untilDone(() => queues.set(v.vpId, priority, { frame, qsize: qshift, flags })) !== OPAL.SUCCESS) return -EIO;
  q.frame = frame;
  q.qpage = qshift === 0 ? 0 : 1;
  return 0;
}

/** xive_native_disable_queue. */
export function disableQueue({ host }: Context, v: XiveVcpu, priority: number): void {
  untilDone(() => host.opal.queues.set(v.vpId, priority, { frame: 0, qsize: 0, flags: 0 }));
}
