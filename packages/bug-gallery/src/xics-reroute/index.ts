// H_CPPR of Linux: the scan for interrupts with another target takes no lock.

import { omit } from '@virq/irq-core/protocol';
import { xicsReroute } from '@virq/ppc-xive/models';
import { hCpprLocked } from '@virq/ppc-xive/protocols';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'xics-reroute',
  title: 'XICS over XIVE: a vCPU gives an interrupt away while its new target masks it',
  family: 'ppc',
  commits: [],
  story: `On a POWER9 host, KVM keeps the queues of a guest in XICS mode. When such a guest closes its CPPR (H_CPPR, a vCPU that goes offline), KVM looks for entries of interrupts
that have another target by now: it puts a dummy in place of the entry, sets PQ of the source to 11 and ends it, so that the source sends once more, to the new target.

This variant has the kernel's code, which does that without a lock. If another vCPU masks the interrupt (ibm,int-off) between the two accesses, masking finds P and Q set, remembers
both, and leaves PQ at 10; the end of interrupt makes 00 of it and sends nothing, for Q is clear. Unmasking then restores 11 and waits for the guest's H_EOI. But the
entry is gone: the guest never sees the interrupt, and the source never sends another.

It takes a guest that enables and disables an interrupt while the vCPU goes offline that had it. Found here by modelling the code of Linux 6.1 to 7.3; not known to have been
reported, nor seen by anyone.`,
  links: [
    {
      text: 'KVM: PPC: Book3S HV: Native usage of the XIVE interrupt controller (5af50993850a)',
      url: 'https://git.kernel.org/linus/5af50993850a',
    },
  ],
  model: xicsReroute,
  proof: { masks: 2 },
  variant: [[hCpprLocked, omit(hCpprLocked, 'scan.lock sb', 'scan.unlock sb')]],
  expected: { property: 'what the device asked for is served', length: 54 },
  unused: [
    "vCPU: 'xirr.scan.endSignal'",
    "vCPU: 'xirr.scan.passSignal'",
    "vCPU: 'xirr.scan.offerIpi'",
    "vCPU: 'xirr.writeCppr'",
    "vCPU: 'takeBack.",
    "vCPU: 'eoi.scan.endSignal'",
    "vCPU: 'eoi.scan.passSignal'",
    "vCPU: 'eoi.scan.offerIpi'",
  ],
  fix: 'The scan takes the lock of the block of sources around the dummy, SET_PQ_11 and the end of interrupt.',
});
