// The interrupt is ended before its device is quiet, and comes again for nothing.

import { resample } from '@virq/irq-core/models';
import { omit } from '@virq/irq-core/protocol';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'oneshot-resample',
  title: 'irqfd: a driver with a threaded handler gets every interrupt twice',
  family: 'core',
  commits: [
    { hash: 'fef8f2b90edb', title: 'KVM: x86/ioapic: Resample the pending state of an IRQ when unmasking' },
    { hash: 'd583fbd7066a', title: 'KVM: irqfd: Make resampler_list an RCU list' },
  ],
  story: `Found by Dmytro Maluka on Chromebooks: suspend was aborted by wake-ups that never were, a touchpad sent reports that made no sense.

A driver with IRQF_ONESHOT masks the pin, ends the interrupt, and quietens its device later, in a thread. The end makes VFIO unmask a device that still asserts; the interrupt comes
again and stays pending behind the masked pin. The thread quietens the device and unmasks the pin: the pending interrupt is delivered, for nothing.

The fix looks at the pending level when the pin is unmasked and lets the device be asked again instead. The checker proves it for a pin that is raised in VFIO's handler. With
the irqfd's worker in between (\`virq check oneshot-resample --scope worker=1\`) a late worker still raises the pin after the unmask: the window is narrower, not closed.`,
  links: [{ text: 'KVM: x86/ioapic: Resample (fef8f2b90edb)', url: 'https://git.kernel.org/linus/fef8f2b90edb' }],
  model: resample.oneshotResample,
  proof: { assertions: 3 },
  variant: [[resample.oneshotGuest, omit(resample.oneshotGuest, 'resamplePending')]],
  expected: { property: 'nothing is delivered that no device has raised', length: 11 },
  fix: 'At the unmask a pending level with a resampler is dropped and resampled: a device that still asserts will come back by itself.',
});
