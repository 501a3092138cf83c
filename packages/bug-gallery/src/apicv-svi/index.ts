// APICv is switched on while an interrupt is in service, and the CPU does not know of it.

import { omit } from '@virq/irq-core/protocol';
import { apicvInhibit } from '@virq/x86-avic/models';
import { vmxVcpuUpdateApicv } from '@virq/x86-avic/protocols';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'apicv-svi',
  title: 'APICv: the EOI of an interrupt that was in service when APICv was switched on is lost',
  family: 'x86',
  commits: [{ hash: 'b2849bec936b', title: 'KVM: VMX: Update SVI during runtime APICv activation' }],
  story: `An EOI that the CPU virtualizes ends the vector that SVI names, the highest in service as the CPU believes. KVM tells it at every change it makes itself. It did not when APICv was switched on in a running VM.

The guest is in a handler when the last reason against APICv goes. Its EOI ends vector 0, which was not in service; the interrupt that was stays there for ever, and with it everything of its priority and below waits.
Found by Dongli Zhang in 2025.`,
  links: [{ text: 'KVM: VMX: Update SVI (b2849bec936b)', url: 'https://git.kernel.org/linus/b2849bec936b' }],
  model: apicvInhibit,
  scope: { deliveries: 0 },
  proof: {},
  variant: [[vmxVcpuUpdateApicv, omit(vmxVcpuUpdateApicv, 'refreshStatus')]],
  expected: { property: 'what the guest has ended is not in service', length: 43 },
  fix: 'SVI is set from the ISR when APICv is switched on.',
});
