// A machine as the protocols of XICS-over-XIVE see it.

import type { Xics } from '../xics/xics.ts';

/** VMs with their chips. */
export interface XicsWorld {
  readonly vms: readonly { readonly chip: { readonly xics: Xics } }[];
}

/** The device of the VM that a frame is about. */
export const xicsOf = (m: XicsWorld, f: { vm: number }): Xics => (m.vms[f.vm] as XicsWorld['vms'][number]).chip.xics;
