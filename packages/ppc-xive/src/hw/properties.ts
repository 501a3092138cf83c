// What holds of the hardware in every state, whoever uses it.

import type { XiveState } from './layout.ts';

/** No queue that the model watches has lost an entry: software bounds what may be on its way to one, hardware does not. */
export function noOverrun({ ends }: XiveState): boolean {
  for (let i = 0; i < ends.length; i++) if (ends.at(i).overrun === 1) return false;
  return true;
}
