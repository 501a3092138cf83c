// An interrupt that is connected while AVIC is off is never posted when AVIC comes back.

import { replace } from '@virq/irq-core/protocol';
import { avicInhibit } from '@virq/x86-avic/models';
import { avicOf, avicPiUpdateIrte } from '@virq/x86-avic/protocols';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'avic-inhibit-add',
  title: 'AVIC: an interrupt connected while AVIC is inhibited stays unposted for ever',
  family: 'x86',
  commits: [{ hash: '6df262f915ab', title: "KVM: SVM: Add IRTE metadata to affined vCPU's list if AVIC is inhibited" }],
  story: `While a reason stands against AVIC, posted interrupts are in host mode. Their IRTEs wait on the lists of their vCPUs, and when the reason goes, every vCPU puts those on its
list back into guest mode.

An interrupt whose device was connected, or whose route changed, while AVIC was off was left in host mode and put on no list. Nothing was lost, and nothing was posted either: every interrupt of that vector
took the slow way until the guest happened to move it.`,
  links: [{ text: 'KVM: SVM: Add IRTE metadata (6df262f915ab)', url: 'https://git.kernel.org/linus/6df262f915ab' }],
  model: avicInhibit,
  scope: { adds: 2 },
  variant: [
    [
      avicPiUpdateIrte,
      replace(avicPiUpdateIrte, 'join', (m, f) => {
        const a = avicOf(m, f);
        if (a.isActive(f.to - 1)) a.at(f.to - 1).irList.add(f.irq);
      }),
    ],
  ],
  expected: { property: 'an IRTE of a connected device posts exactly while its vCPU is accelerated', length: 44 },
  fix: 'The IRTE joins the list of its vCPU whether AVIC is active or not; only the mode in which it is written differs.',
});
