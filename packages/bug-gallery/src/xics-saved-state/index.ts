// The stream says whether an interrupt is parked, and not whether it is in service or queued.

import { replace } from '@virq/irq-core/protocol';
import { xicsMigrate } from '@virq/ppc-xive/models';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'xics-saved-state',
  title: 'XICS: an interrupt that fired twice is lost when the VM is migrated before the EOI',
  family: 'ppc',
  commits: [{ hash: '17d48610ae0f', title: 'KVM: PPC: Book 3S: XICS: Implement ICS P/Q states' }],
  story: `Since 2016 KVM's XICS sources have P (presented) and Q (queued): an MSI that fires again before the EOI sets Q, and the EOI presents it once more. P and Q got two bits in the state that user
space saves, next to the one that says "pending", which QEMU had to learn to carry.

A stream without them restores a source that is in service as one that is idle. A Q is gone with it: the EOI on the other host finds nothing to present, and the device's second MSI
is lost. KVM itself can only guess: a source that is pending is taken to be presented as well.`,
  links: [
    {
      text: 'KVM: PPC: Book 3S: XICS: Implement ICS P/Q states (17d48610ae0f)',
      url: 'https://git.kernel.org/linus/17d48610ae0f',
    },
  ],
  model: xicsMigrate.xicsMigrate,
  proof: { msis: 3, masks: 2 },
  variant: [
    [
      xicsMigrate.migrate,
      replace(xicsMigrate.migrate, 'save', (m) => {
        m.stream.pending = m.xics.resend;
        xicsMigrate.getIcp(m);
      }),
    ],
  ],
  expected: { property: 'an MSI is followed by the handler', length: 14 },
  fix: 'P and Q are part of what is saved and restored.',
});
