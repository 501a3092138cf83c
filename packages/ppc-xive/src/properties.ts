// What always holds of a POWER VM's interrupt controllers. Names read as sentences.

import type { BackendProperty } from '@virq/irq-core/backend';
import type { PowerChip } from './chip.ts';

const property = (name: string, holds: (c: PowerChip) => boolean): BackendProperty => ({ name, holds });

/** Properties for `check`. */
export const properties: readonly BackendProperty[] = [
  property('a queue is never promised more interrupts than it has entries', ({ context: { state } }) => {
    for (let i = 0; i < state.vcpus.length; i++) {
      const { queues } = state.vcpus.at(i);
      for (let p = 0; p < queues.length; p++) {
        const q = queues.at(p);
        if (q.qpage === 1 && q.count > 2 ** (q.qshift - 2)) return false;
      }
    }
    return true;
  }),
];
