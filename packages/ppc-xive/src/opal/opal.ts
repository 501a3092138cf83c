// The firmware of a POWER host as KVM calls it. skiboot: hw/xive.c, doc/xive.rst.

import type { PowerHostState } from '../host/layout.ts';
import type { Xive } from '../hw/xive.ts';
import { ENDS_PER_VP, HOST_VP, type OpalContext } from './context.ts';
import { createOpalIrqs, type OpalIrqs } from './irq.ts';
import { createOpalQueues, type OpalQueues } from './queue.ts';
import { createOpalVps, nvtIndexOf, type OpalVps } from './vp.ts';
import { vpId } from './vp-id.ts';

/** All calls, by what they are about. */
export interface Opal {
  readonly irqs: OpalIrqs;
  readonly queues: OpalQueues;
  readonly vps: OpalVps;
  /** END of a VP and a priority, -1 if there is no such VP. */
  endOfVp(vp: number, priority: number): number;
}

/** Creates the firmware over zeroed state; the host's own VP has ENDs that the host reads at once. */
export function createOpal(state: PowerHostState, xive: Xive): Opal {
  const { nvts, ends } = xive.state;
  const endOfVp = (vp: number, priority: number): number => {
    const index = nvtIndexOf(vp, nvts.length);
    return index < 0 ? -1 : index * ENDS_PER_VP + priority;
  };
  const context: OpalContext = {
    state,
    xive,
    endOfVp,
    vpOfEnd(end) {
      const index = Math.floor(end / ENDS_PER_VP);
      return { vp: index === 0 ? HOST_VP : vpId(0, index), priority: end % ENDS_PER_VP };
    },
    isBusy() {
      if (state.busy === 0) return false;
      state.busy--;
      return true;
    },
  };
  for (let i = 0; i < ends.length; i++) Object.assign(ends.at(i), { esn: 1, ese: 1 });
  for (let priority = 0; priority < ENDS_PER_VP; priority++)
    Object.assign(ends.at(priority), { valid: 1, host: 1, notify: 1, priority });
  nvts.at(0).valid = 1;
  return { irqs: createOpalIrqs(context), queues: createOpalQueues(context), vps: createOpalVps(context), endOfVp };
}
