// Forwarding that ends is looked up through a route that leads nowhere.

import { v4Unforward } from '@virq/arm-vgic/models';
import { unsetForwarding, unsetForwardingByRoute } from '@virq/arm-vgic/protocols';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'vlpi-unset-route',
  title: "GICv4: a device goes on as a vLPI after it was taken away, because the guest's ITS does not know it any more",
  family: 'arm',
  commits: [{ hash: '05b9405f2fa1', title: 'KVM: arm64: Resolve vLPI by host IRQ in vgic_v4_unset_forwarding()' }],
  story: `To end forwarding, KVM asked the guest's ITS which LPI the message of the route is. It wants an answer about what was mapped once, and asks about what is mapped now.

A guest that has switched its LPIs off, or has discarded or moved the event, leaves no answer or another one. KVM gave up and the physical event stayed mapped to the vPE: the device goes on to
interrupt the guest, and the host irq is nobody's.`,
  links: [{ text: 'Resolve vLPI by host IRQ (05b9405f2fa1)', url: 'https://git.kernel.org/linus/05b9405f2fa1' }],
  model: v4Unforward,
  scope: { messages: 1, off: 1, kernel: 1 },
  variant: [[unsetForwarding, unsetForwardingByRoute]],
  expected: { property: "an event that is no longer forwarded is the host's", length: 10 },
  fix: 'The LPI is found by its host irq among all LPIs of the VM, whatever the guest has made of its tables.',
});
