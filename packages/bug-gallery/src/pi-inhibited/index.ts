// Devices go on posting to a vCPU whose APICv is off, and KVM does not look.

import { DONE, insert } from '@virq/irq-core/protocol';
import { apicvInhibit } from '@virq/x86-avic/models';
import { vmxOf, vmxSyncPirToIrr } from '@virq/x86-avic/protocols';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'pi-inhibited',
  title: 'VT-d: what is posted to a vCPU while its APICv is off waits until it is on again',
  family: 'x86',
  commits: [
    { hash: '37c4dbf337c5', title: 'KVM: x86: check PIR even for vCPUs with disabled APICv' },
    { hash: '7e1901f6c86c', title: 'KVM: VMX: prepare sync_pir_to_irr for running with APICv disabled' },
  ],
  story: `APICv can be switched off for a running VM, for a debugger say. The IRTEs of its devices stay as they are: they post to the descriptor, and the notification, which the CPU does not take by itself now, is an exit.

KVM then entered the guest again. It looked at the PIR only of vCPUs with APICv. Fixed by Paolo Bonzini in 2021.`,
  links: [{ text: 'KVM: x86: check PIR (37c4dbf337c5)', url: 'https://git.kernel.org/linus/37c4dbf337c5' }],
  model: apicvInhibit,
  scope: { deliveries: 0 },
  proof: {},
  variant: [
    [
      vmxSyncPirToIrr,
      insert(
        vmxSyncPirToIrr,
        { before: 'clearOn' },
        { isActive: (m, f) => (vmxOf(m, f).isActive(f.vcpu) ? undefined : DONE) },
      ),
    ],
  ],
  expected: { property: 'no posted interrupt is left unseen', length: 21 },
  fix: 'The PIR joins the IRR at every entry, and with APICv off KVM looks at the IRR because of it.',
});
