// A request comes after the last look for requests.

import { vcpuRequests } from '@virq/irq-core/models';
import { omit } from '@virq/irq-core/protocol';
import { defineBug } from '../bug.ts';

const { enterGuest } = vcpuRequests;

/** The bug. */
export const bug = defineBug({
  slug: 'vcpu-requests',
  title: "KVM: a guest's timer stays on the pCPU that the vCPU has just left",
  family: 'x86',
  commits: [{ hash: 'd4acf7e7abe4', title: 'KVM: Fix race between timer migration and vcpu migration' }],
  story: `A vCPU that is loaded on another pCPU asks itself to take its timer along: a request, which it serves before it enters the guest. In between, until it switches interrupts off, its thread can be
preempted and moved, which makes another request.

Without a further look the vCPU enters the guest with the request unserved. Its timer fires on the old pCPU, where nobody exits for it, and the guest hears of it when the host happens to
interrupt. Fixed by Marcelo Tosatti; the look behind local_irq_disable is what every request relies on since.`,
  links: [
    {
      text: 'KVM: Fix race between timer migration and vcpu migration (d4acf7e7abe4)',
      url: 'https://git.kernel.org/linus/d4acf7e7abe4',
    },
  ],
  model: vcpuRequests.vcpuRequests,
  proof: { moves: 3 },
  variant: [[enterGuest, omit(enterGuest, 'testAgain')]],
  expected: { property: 'a vCPU is in the guest with a request', length: 4 },
  fix: 'With interrupts off the vCPU looks for requests once more, and does not enter if there is one.',
});
