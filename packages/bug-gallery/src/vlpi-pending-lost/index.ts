// A vLPI that is pending in hardware when forwarding ends.

import { v4Unforward } from '@virq/arm-vgic/models';
import { unsetForwarding, unsetForwardingCorrected } from '@virq/arm-vgic/protocols';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'vlpi-pending-lost',
  title: 'GICv4: what is pending when forwarding ends is lost',
  family: 'arm',
  commits: [],
  found: { versions: 'Linux 6.1, 6.12 and 7.3-rc7', evidence: 'model' },
  story: `When an LPI is forwarded, what is pending in software moves to the hardware. When forwarding ends, because the VMM takes the irqfd or the device's eventfd away, nothing moves back: the virtual
event is discarded, its pending bit with it.

A VMM that only replaces the eventfd, as for a vector that it masks for a while, loses a message that came just before. The driver of the guest waits for it.`,
  links: [],
  model: v4Unforward,
  scope: { form: 2, messages: 1 },
  variant: [[unsetForwardingCorrected, unsetForwarding]],
  expected: { property: 'a message that was sent is taken', length: 9 },
  fix: 'The pending state is read before the mapping goes, and is pending in software after it.',
});
