// An interrupt posted while notifications are suppressed leaves ON clear, and the vCPU looks at ON only.

import { replace } from '@virq/irq-core/protocol';
import { piPreempt } from '@virq/x86-avic/models';
import { vmxVcpuBlock, vmxVcpuLoad } from '@virq/x86-avic/protocols';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'pi-sn-on',
  title: 'VT-d: an interrupt posted to a preempted vCPU is not seen when it is scheduled in',
  family: 'x86',
  commits: [{ hash: 'c112b5f50232', title: 'KVM: x86: Recompute PID.ON when clearing PID.SN' }],
  story: `While a vCPU is preempted the SN bit of its descriptor suppresses notifications: the IOMMU sets the interrupt's bit in PIR and leaves ON clear. When the vCPU is scheduled in again SN
is cleared, and the next guest entry looks whether ON is set before it looks at PIR. It is not set. The interrupt waits for the next one. Fixed by Luwei Kang in 2019.`,
  links: [{ text: 'KVM: x86: Recompute PID.ON (c112b5f50232)', url: 'https://git.kernel.org/linus/c112b5f50232' }],
  model: piPreempt,
  scope: { deliveries: 0, cpus: 1 },
  proof: {},
  variant: [
    [vmxVcpuLoad, replace(vmxVcpuLoad, 'pi.recomputeOn', () => undefined)],
    [vmxVcpuBlock, replace(vmxVcpuBlock, 'load.pi.recomputeOn', () => undefined)],
  ],
  expected: { property: 'no posted interrupt is left unseen', length: 19 },
  fix: 'After SN is cleared, ON is set if PIR is not empty.',
});
