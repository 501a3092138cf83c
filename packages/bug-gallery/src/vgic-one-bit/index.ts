// One bit for the input and the latch of an interrupt, on the machine: the guest's set-up clears what VFIO will not send again.

import { injectOneBit, vgicInjectIrq, vgicSetup } from '@virq/arm-vgic/models';
import { defineBug } from '../bug.ts';
import { SET_UP_ONCE } from '../vgic-parts.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'vgic-one-bit',
  title: 'VGIC: GICD_ICPENDR of the next guest silences the device of a killed VM',
  family: 'arm',
  thread: 3,
  commits: [{ hash: 'faa1b46c3e9f', title: 'KVM: arm/arm64: vgic: input level and soft-pending latch taken apart' }],
  story: `The scene of vfio-automask-icpendr, with VFIO, irqfd, distributor, list registers and the guest's CPU interface as they are. The device of a killed VM asserts while its next
guest is being set up: VFIO masks the line and signals the irqfd, the SPI is pending, firmware writes GICD_ICPENDR.

With one bit for "the input is high" and "somebody made it pending" nothing is left. The guest enables an interrupt that is not there, ends none, and the resamplefd stays silent. With
two bits the line is still high when the guest enables it.`,
  links: [
    { text: 'KVM: arm/arm64: vgic, September 2014 (faa1b46c3e9f)', url: 'https://git.kernel.org/linus/faa1b46c3e9f' },
    { text: 'irqfd for arm64, March 2015 (174178fed338)', url: 'https://git.kernel.org/linus/174178fed338' },
  ],
  model: vgicSetup,
  scope: { assertions: 0 },
  variant: [[vgicInjectIrq, injectOneBit]],
  expected: { property: 'no device asserts while its line is masked', length: 22 },
  unused: SET_UP_ONCE,
  fix: 'Input line and latch are two bits; ICPENDR clears the latch only.',
});
