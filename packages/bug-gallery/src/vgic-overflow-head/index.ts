// EOIs beyond the list registers are replayed from the head of the list.

import { foldSkipsLrs, VGIC_VERSIONS, vgicFoldLrState, vgicOverflow } from '@virq/arm-vgic/models';
import { defineBug } from '../bug.ts';
import { EOI_ONLY } from '../vgic-parts.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'vgic-overflow-head',
  title: 'VGIC: the EOI of an interrupt without a list register deactivates one that has',
  family: 'arm',
  commits: [
    { hash: '6da5e537f5af', title: 'KVM: arm64: vgic: the walk of EOIcount starts behind the last list register' },
  ],
  story: `A guest can have more active interrupts than the CPU has list registers. The hardware counts the EOIs of those without, and KVM replays them when the vCPU exits: it walks its list
and deactivates active interrupts, as many as were counted.

At first it walked from the head, where the interrupts are that do have list registers. One that the guest was just handling lost its active state, and the one that was meant stayed active
for ever. Guests lost interrupts, or did not boot; V. Burley reported it, and it was fixed in March 2026.`,
  links: [{ text: '6da5e537f5af', url: 'https://git.kernel.org/linus/6da5e537f5af' }],
  model: vgicOverflow,
  scope: { kernel: VGIC_VERSIONS.indexOf('6.19-rc') },
  proof: {},
  variant: [[foldSkipsLrs, vgicFoldLrState]],
  expected: { property: 'what the guest handles is active', length: 115 },
  unused: EOI_ONLY,
  fix: 'The walk starts behind the interrupt in the last list register, which KVM remembers.',
});
