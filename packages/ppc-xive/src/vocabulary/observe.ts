// The state as the recorded vectors show it: PQ by source, and the first entries of the queue at its usual place.

import type { Json } from '@virq/irq-core/machine';
import type { PowerChip } from '../chip.ts';
import { realFrame } from '../hw/ram.ts';
import { Q_COUNT } from '../kvm/layout.ts';
import { hex } from './args.ts';
import { DEFAULT_QADDR } from './native-operations.ts';

/** Entries of a queue that are shown. */
const SHOWN = 4;

/** PQ of the hardware source that is behind each guest source now. */
function pq(c: PowerChip): Json {
  const all: Record<string, Json> = {};
  c.sources.forEach((state, irq) => {
    const index = c.sources.select(state);
    all[hex(irq)] = index < 0 ? null : c.host.xive.sources.at(index).pq;
  });
  return all;
}

/** Words of guest memory. */
function words(c: PowerChip, address: number): Json[] {
  const frame = realFrame(1 + c.context.vm, Math.floor(address / 4096));
  return Array.from({ length: SHOWN }, (_, i) => hex(c.host.xive.ram.load(frame, (address % 4096) + i * 4)));
}

/** First entries of every queue, by `server/priority`. */
function queues(c: PowerChip): Json {
  const all: Record<string, Json> = {};
  const { vcpus } = c.context.state;
  for (let i = 0; i < vcpus.length; i++)
    for (let p = 0; p < Q_COUNT; p++) {
      const v = vcpus.at(i);
      const q = v.queues.at(p);
      if (v.irqType !== 0 && q.qpage === 1 && q.guestQshift !== 0)
        all[`${v.serverNum}/${p}`] = words(c, Number(q.guestQaddr));
    }
  return all;
}

/** What `observe` can show. */
export const OBSERVE: Readonly<Record<string, (c: PowerChip) => Json>> = {
  pq,
  eq: (c) => words(c, DEFAULT_QADDR),
  queues,
};
