// User space reads one of the two places where a doorbell can be.

import { replace } from '@virq/irq-core/protocol';
import { doorbell } from '@virq/ppc-xive/models';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'doorbell-migration',
  title: 'HV KVM: a doorbell is lost when the VM is migrated before it is delivered',
  family: 'ppc',
  commits: [
    { hash: 'ff42df49e75f', title: "KVM: PPC: Book3S HV: Don't lose pending doorbell request on migration on P9" },
  ],
  story: `On POWER9 KVM emulates msgsndp, by which a guest sends IPIs inside a virtual core. The sender may write only a request flag: the vCPU it rings owns the saved DPDES, and moves the
request there when it enters the guest.

User space read DPDES alone. A doorbell that was rung while its vCPU was out of the guest stayed behind on the source host, and the guest's IPI was lost. Found and fixed by Paul Mackerras.`,
  links: [
    {
      text: "KVM: PPC: Book3S HV: Don't lose pending doorbell request on migration on P9 (ff42df49e75f)",
      url: 'https://git.kernel.org/linus/ff42df49e75f',
    },
  ],
  model: doorbell.doorbell,
  proof: { rings: 2 },
  variant: [
    [
      doorbell.migrate,
      replace(doorbell.migrate, 'save', (m) => {
        m.vm.saved = m.doorbell.vcoreDpdes;
      }),
    ],
  ],
  expected: { property: 'a doorbell that was rung is taken', length: 8 },
  fix: 'What user space reads is DPDES with the request in it.',
});
