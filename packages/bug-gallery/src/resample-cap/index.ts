// KVM promises a resampler that its interrupt controller never calls.

import { replace } from '@virq/irq-core/protocol';
import { resampleCap } from '@virq/ppc-xive/models';
import { defineBug } from '../bug.ts';

const { setUpIntx } = resampleCap;

/** The bug. */
export const bug = defineBug({
  slug: 'resample-cap',
  title: 'POWER9: INTx of an assigned device works once, because KVM promises a resampler it does not have',
  family: 'ppc',
  commits: [{ hash: '52882b9c7a76', title: 'KVM: PPC: Make KVM_CAP_IRQFD_RESAMPLE platform dependent' }],
  story: `A resample irqfd lets KVM tell VFIO of the guest's EOI, upon which the device's line is unmasked. KVM's XICS does that through its ack notifiers. On POWER9 neither of the two interrupt
controllers does: XICS on top of XIVE does not call the notifiers, and XIVE's native mode does not have INTx in KVM at all.

KVM_CAP_IRQFD_RESAMPLE was answered with yes all the same, by code that all architectures share. A VMM that believes it waits for a resampling that never comes: the line stays masked after the first
interrupt. Found by Alexey Kardashevskiy.`,
  links: [
    {
      text: 'KVM: PPC: Make KVM_CAP_IRQFD_RESAMPLE platform dependent (52882b9c7a76)',
      url: 'https://git.kernel.org/linus/52882b9c7a76',
    },
  ],
  model: resampleCap.resampleCap,
  scope: { assertions: 1 },
  proof: { assertions: 3 },
  variant: [
    [
      setUpIntx,
      replace(setUpIntx, 'checkExtension', ({ intx }) => {
        intx.resample = 1;
      }),
    ],
  ],
  expected: { property: 'a line that was masked is unmasked', length: 12 },
  fix: 'The capability is there only with an interrupt controller that honours it; else the VMM unmasks by itself.',
});
