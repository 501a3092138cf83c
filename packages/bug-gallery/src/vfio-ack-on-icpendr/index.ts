// The fix that was not taken: a write to ICPENDR acknowledges the interrupt.

import { type Automask, acknowledge, guest, vfioAutomask } from '@virq/arm-vgic/protocols';
import { replace } from '@virq/irq-core/protocol';
import { defineBug } from '../bug.ts';

/** ICPENDR as an end of interrupt. */
function clearAndAcknowledge(m: Automask): void {
  m.spi.latch = 0;
  acknowledge(m);
}

/** The bug. */
export const bug = defineBug({
  slug: 'vfio-ack-on-icpendr',
  title: 'Arm: acknowledging on ICPENDR unmasks a device that still asserts',
  family: 'vfio',
  thread: 3,
  commits: [],
  story: `To bring the mute device of vfio-automask-icpendr back, a patch of June 2014 let the guest's write to GICD_ICPENDR acknowledge the
interrupt as an EOI does: lower the input, signal the resamplefd, let VFIO unmask.

But a write to ICPENDR says nothing about the device. It still asserts, so the host takes the interrupt again at once: every write during
set-up costs a host interrupt, and a driver that writes ICPENDR in its handler has its line unmasked while the interrupt is active and
the device not yet quiet. The host is interrupted as fast as the guest can write.`,
  links: [
    { text: 'KVM: arm/arm64: vgic, September 2014 (faa1b46c3e9f)', url: 'https://git.kernel.org/linus/faa1b46c3e9f' },
  ],
  model: vfioAutomask,
  proof: { assertions: 2, kills: 1 },
  variant: [
    [guest, replace(replace(guest, 'clearPending', clearAndAcknowledge), 'clearInHandler', clearAndAcknowledge)],
  ],
  expected: { property: 'the host line stays masked until the guest has ended the interrupt', length: 4 },
  fix: 'Only the end of the interrupt, seen in the list register, is an acknowledgement; ICPENDR clears the latch.',
});
