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
  {
    name: 'a VT-d entry posts to a vCPU exactly while its irq is posted to one',
    holds({ state: { vtd } }) {
      for (let i = 0; i < vtd.irqs.length && vtd.lock.holder === 0; i++) {
        const { entry, postedVcpu } = vtd.irqs.at(i);
        if ((entry.pst === 1 && entry.pdaHigh !== 0) !== (postedVcpu === 1)) return false;
      }
      return true;
    },
  },
  {
    name: 'a vCPU is on the wake-up list of one CPU at most',
    holds({ posted: { state } }) {
      for (let a = 0; a < state.wakeups.length; a++)
        for (let b = a + 1; b < state.wakeups.length; b++)
          if (
            state.wakeups
              .at(a)
              .vcpus.list()
              .some((slot) => state.wakeups.at(b).vcpus.has(slot))
          )
            return false;
      return true;
    },
  },
];
