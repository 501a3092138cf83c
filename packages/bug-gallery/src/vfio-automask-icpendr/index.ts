// One bit for input and latch: the guest's set-up clears a level interrupt that VFIO will not send again.

import { vfioAutomask, vfioIrq } from '@virq/arm-vgic/protocols';
import { replace } from '@virq/irq-core/protocol';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'vfio-automask-icpendr',
  title: 'Arm: a device of a killed VM stays mute because the next guest cleared its interrupt while setting up',
  family: 'vfio',
  thread: 3,
  commits: [],
  story: `A VM is killed while its platform device asserts. The next VM gets the device; VFIO's handler fires at once, masks the host line, and signals
the irqfd, which raises the SPI. Then the firmware of the new guest sets up the GIC and writes GICD_ICPENDR, as firmware does.

The VGIC of 2014 kept one bit for "the input is high" and "somebody made it pending". The write cleared it. The guest enables the SPI, sees
nothing, ends nothing; without an end there is no resample, without a resample no unmask. The device is mute.

The patch under review acknowledged the interrupt from the ICPENDR write instead (vfio-ack-on-icpendr shows what that breaks). Christoffer
Dall's answer was that ICPENDR has nothing to do with the input, and the state was split in two.`,
  links: [
    { text: 'KVM: arm/arm64: vgic, September 2014 (faa1b46c3e9f)', url: 'https://git.kernel.org/linus/faa1b46c3e9f' },
  ],
  model: vfioAutomask,
  proof: { assertions: 2, kills: 1 },
  variant: [
    [
      vfioIrq,
      replace(vfioIrq, 'raiseLine', (m) => {
        m.spi.latch = 1;
        m.vfio.handling = 0;
        return 'mask';
      }),
    ],
  ],
  expected: { property: 'no device asserts while its line is masked', length: 5 },
  fix: 'Input line and latch are two bits; ICPENDR clears the latch only, so the interrupt is still there when the guest enables it.',
});
