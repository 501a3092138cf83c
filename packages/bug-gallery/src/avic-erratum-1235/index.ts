// The sender's hardware reads IsRunning before its IRR write can be seen, and the target goes to sleep in between.

import { reorder } from '@virq/irq-core/protocol';
import { avicIpi } from '@virq/x86-avic/models';
import { avicSendIpi } from '@virq/x86-avic/protocols';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'avic-erratum-1235',
  title: 'AVIC: an IPI is lost because the sender saw a stale IsRunning (erratum 1235)',
  family: 'x86',
  cve: 'CVE-2026-64172',
  commits: [],
  story: `Sender and sleeper follow the oldest protocol there is: the sender sets the IRR bit and reads IsRunning, the sleeper clears IsRunning and reads the IRR. Whoever comes second sees the other.

On family 17h processors (and their Hygon relatives, where the workaround was missing) the sending hardware may read IsRunning before its IRR write is visible. The target has cleared IsRunning and found no
interrupt; the sender believes that it runs and does not exit. Nobody wakes the target.

Since Linux 6.17 the table that such hardware reads never says that a vCPU runs (enable_ipiv = 0), so that every IPI exits; KVM keeps the truth in its own copy for the IOMMU.`,
  links: [],
  model: avicIpi,
  proof: { senders: 2 },
  variant: [[avicSendIpi, reorder(avicSendIpi, 'readIsRunning', 'setIrr')]],
  expected: { property: 'no IPI is left unseen', length: 11 },
  fix: 'The IRR bit is set before IsRunning is read; where hardware cannot promise that, it is never shown a running vCPU.',
});
