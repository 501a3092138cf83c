// The deliverer parks an interrupt and does not look again: the vCPU has searched just before.

import { omit } from '@virq/irq-core/protocol';
import { xicsResend } from '@virq/ppc-xive/models';
import { defineBug } from '../bug.ts';

const { sendMsi } = xicsResend;

/** The bug. */
export const bug = defineBug({
  slug: 'xics-resend',
  title: 'XICS: an interrupt is parked while its vCPU has just searched for parked interrupts',
  family: 'ppc',
  commits: [],
  story: `A presenter that refuses an interrupt notes need_resend in its one 64-bit word. The source is marked as parked and its ICS put into the presenter's map; when the CPPR
falls, the vCPU takes need_resend and searches the ICSs in the map. Refusing and parking are steps apart, and no lock covers both.

If the CPPR falls in between, the vCPU takes need_resend, finds an empty map and goes on; then the interrupt is parked, and nobody will look for it. KVM's emulation
has always looked at need_resend once more after parking, and tried again when it was gone. This variant leaves that out; it never shipped.`,
  links: [
    {
      text: 'KVM: PPC: Book3S: Add kernel emulation for the XICS interrupt controller (bc5ad3f37011)',
      url: 'https://git.kernel.org/linus/bc5ad3f37011',
    },
  ],
  model: xicsResend.xicsResend,
  proof: { masks: 2, msis: 2 },
  variant: [[sendMsi, omit(sendMsi, 'deliver.recheck', 'deliver.retract')]],
  expected: { property: 'what a device sent is handled', length: 26 },
  unused: ["vCPU, icp_down_cppr: 'deliver.retract'"],
  fix: 'After parking, the deliverer looks whether need_resend is still set; if the vCPU has taken it, the delivery begins anew.',
});
