// POWER10 saves a vCPU's interrupt context by itself, and KVM looks at the copy that it no longer makes.

import { xiveCede } from '@virq/ppc-xive/models';
import { cedeVcpu, cedeVcpuCorrected } from '@virq/ppc-xive/protocols';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'xive-cede-saved',
  title: 'XIVE: a ceded vCPU on POWER10 sleeps through an interrupt that came while it ceded',
  family: 'ppc',
  commits: [],
  found: { versions: 'Linux 6.1, 6.12, 7.3-rc7', evidence: 'model' },
  story: `An interrupt that comes between the guest's H_CEDE and kvmppc_xive_pull_vcpu goes to the context on the thread, and raises no escalation. On POWER9 the pull reads words 0 and 1 of
the context into xive_saved_state, and xive_interrupt_pending finds PIPR below CPPR there before the vCPU blocks.

On POWER10 hardware saves the context into the VP. kvmppc_xive_pull_vcpu then skips the read, so that xive_saved_state stays what it was when the vCPU was connected: PIPR 0, CPPR 0, which
says that nothing waits. The escalation is armed, but the event is over. The vCPU sleeps until another interrupt comes for it.

Read in the source and shown by the model, under the assumption that pulling a context with IPB set raises no escalation, as QEMU has it. Not seen on a machine.`,
  links: [
    {
      text: 'kvmppc_xive_pull_vcpu, arch/powerpc/kvm/book3s_xive.c',
      url: 'https://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git/tree/arch/powerpc/kvm/book3s_xive.c?h=v6.12',
    },
    {
      text: 'xive_interrupt_pending, arch/powerpc/kvm/book3s_hv.c',
      url: 'https://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git/tree/arch/powerpc/kvm/book3s_hv.c?h=v6.12',
    },
  ],
  model: xiveCede,
  scope: { interrupts: 1, exits: 1, hardware: 1 },
  proof: { interrupts: 2, exits: 3, hardware: 1 },
  variant: [[cedeVcpuCorrected, cedeVcpu]],
  expected: { property: 'no interrupt waits for a vCPU that sleeps', length: 19 },
  fix: 'The words of the context are read at every exit, and only their restoring is left to the hardware.',
});
