// The state as the recorded vectors show it: PQ by source, and the first entries of the first queue.

import type { Json } from '@virq/irq-core/machine';
import type { PowerChip } from '../chip.ts';
import { hex } from './args.ts';

/** PQ of the hardware source that is behind each guest source now. */
function pq(c: PowerChip): Json {
  const all: Record<string, Json> = {};
  c.sources.forEach((state, irq) => {
    const index = c.sources.select(state);
    all[hex(irq)] = index < 0 ? null : c.host.xive.sources.at(index).pq;
  });
  return all;
}

/** What `observe` can show. */
export const OBSERVE: Readonly<Record<string, (c: PowerChip) => Json>> = { pq };
