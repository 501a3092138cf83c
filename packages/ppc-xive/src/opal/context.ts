// What the OPAL calls share. skiboot: hw/xive.c.

import type { PowerHostState } from '../host/layout.ts';
import type { Xive } from '../hw/xive.ts';

/** Shared by the OPAL calls. */
export interface OpalContext {
  readonly state: PowerHostState;
  readonly xive: Xive;
  /** END of a VP and a priority, -1 if there is no such VP. */
  endOfVp(vp: number, priority: number): number;
  /** The other way round. */
  vpOfEnd(end: number): { readonly vp: number; readonly priority: number };
  /** The call is one that answers OPAL_BUSY; counts them. */
  isBusy(): boolean;
}

/** ENDs of a virtual processor. */
export const ENDS_PER_VP = 8;
/** VP by which the host's CPUs are addressed: its ENDs go to the host's own queues. */
export const HOST_VP = 0;
