// An interrupt for the vCPU that runs on this very CPU needs no notification, unless that vCPU is about to sleep.

import { replace } from '@virq/irq-core/protocol';
import { piPreempt } from '@virq/x86-avic/models';
import { vmxDeliverInterrupt, vmxOf } from '@virq/x86-avic/protocols';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'pi-running-vcpu',
  title: 'APICv: an interrupt delivered by the CPU on which its vCPU is about to sleep does not wake it',
  family: 'x86',
  commits: [
    { hash: 'fdba608f15e2', title: 'KVM: VMX: Wake vCPU when delivering posted IRQ even if vCPU == this vCPU' },
  ],
  story: `Who posted an interrupt to the vCPU that runs on the same CPU sent no notification: that vCPU is in the host, and looks at its PIR before it enters the guest. True of the vCPU's own timer and
IPIs. But the sender may also be the handler of a device's interrupt, which came while the vCPU was between its last look and its sleep.

Reported by Longpeng (Mike): a VM with one vCPU on the CPU that takes the device's interrupt, whose IRTE did not post. The vCPU slept for ever, for ON was set and later interrupts sent nothing either. Fixed by Sean
Christopherson.`,
  links: [{ text: 'KVM: VMX: Wake vCPU (fdba608f15e2)', url: 'https://git.kernel.org/linus/fdba608f15e2' }],
  model: piPreempt,
  scope: { posting: 0, cpus: 1 },
  proof: {},
  variant: [
    [
      vmxDeliverInterrupt,
      replace(vmxDeliverInterrupt, 'notify', (m, f) => {
        const vmx = vmxOf(m, f);
        if (vmx.vcpus.pcpu(f.vcpu) !== 0) vmx.trigger(f.vcpu);
      }),
    ],
  ],
  expected: { property: 'no posted interrupt is left unseen', length: 11 },
  fix: 'A vCPU that is not in the guest is woken, whoever it is; that does nothing to one that is awake.',
});
