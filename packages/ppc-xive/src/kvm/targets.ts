// Which vCPU's queue gets an interrupt, and how many a queue may get. Linux: book3s_xive.c kvmppc_xive_select_target, xive_try_pick_queue.

import { EBUSY, EINVAL, ENXIO } from '@virq/irq-core/errors';
import type { XiveKvmState, XiveVcpu } from './layout.ts';

/** Entries of a queue that stay free (XIVE_Q_GAP). */
export const Q_GAP = 2;

/** Index of the vCPU with a server number, -1 if there is none. */
export function findServer({ vcpus }: XiveKvmState, server: number): number {
  for (let i = 0; i < vcpus.length; i++) {
    const v = vcpus.at(i);
    if (v.valid === 1 && v.serverNum === server) return i;
  }
  return -1;
}

/** Counts an interrupt in at a queue: 0, -ENXIO without a queue, -EBUSY when it is full. */
function tryPickQueue(v: XiveVcpu, priority: number): number {
  if (v.valid === 0) return -ENXIO;
  const q = v.queues.at(priority);
  if (q.qpage === 0) return -ENXIO;
  if (q.count >= 2 ** (q.qshift - 2) - Q_GAP) return -EBUSY;
  q.count++;
  return 0;
}

/**
 * Picks a server with room in its queue: the wanted one, else any. Returns the server number, -EINVAL for a server that does not exist,
 * -EBUSY when no vCPU has a queue with room.
 */
export function selectTarget(state: XiveKvmState, server: number, priority: number): number {
  const wanted = findServer(state, server);
  if (wanted < 0) return -EINVAL;
  const { vcpus } = state;
  if (tryPickQueue(vcpus.at(wanted), priority) === 0) return server;
  for (let i = 0; i < vcpus.length; i++) {
    const v = vcpus.at(i);
    if (v.valid === 1 && tryPickQueue(v, priority) === 0) return v.serverNum;
  }
  return -EBUSY;
}
