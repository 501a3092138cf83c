// What always holds of the host below x86 VMs.

import type { X86Host } from './x86-host.ts';

/** Properties for `run` and `check`. */
export const HOST_PROPERTIES: readonly { readonly name: string; readonly holds: (host: X86Host) => boolean }[] = [
  {
    name: 'an IRTE that is not valid does not post',
    holds({ state: { amd } }) {
      for (let i = 0; i < amd.irqs.length; i++) {
        const { entry } = amd.irqs.at(i);
        if (entry.valid === 0 && entry.guestMode === 1) return false;
      }
      return true;
    },
  },
];
