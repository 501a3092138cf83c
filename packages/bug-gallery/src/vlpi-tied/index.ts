// A message of software meets the cached translation of an LPI that is the hardware's.

import { v4Forward } from '@virq/arm-vgic/models';
import { setForwarding, setForwardingCorrected } from '@virq/arm-vgic/protocols';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'vlpi-tied',
  title: 'GICv4: a message of the VMM for a forwarded LPI comes with a physical interrupt tied to it',
  family: 'arm',
  commits: [],
  found: { versions: 'Linux 6.1, 6.12 and 7.3-rc7', evidence: 'model' },
  story: `When an LPI is forwarded to the hardware, its translation is looked up first, and what is looked up goes into the translation cache. Nobody takes it out again.

A message that software sends for the same event, by KVM_SIGNAL_MSI or through the eventfd, finds it there. The LPI becomes pending in software although it is the hardware's, is queued, and gets a
list register. The list register says HW, as for a timer that the guest owns, with whatever number the LPI has for a physical interrupt: the guest's EOI deactivates an interrupt of the host.`,
  links: [],
  model: v4Forward,
  scope: { form: 2, messages: 1, software: 1 },
  variant: [[setForwardingCorrected, setForwarding]],
  expected: { property: 'no list register ties a vLPI to a physical interrupt', length: 15 },
  unused: ["irq_bypass_connect: 'producer.queue."],
  fix: 'The cached translation is forgotten once the LPI is forwarded: the next message of software asks the ITS, which hands it to the hardware.',
});
