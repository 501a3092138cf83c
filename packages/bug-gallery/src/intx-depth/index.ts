// INTx fires while its handler is being set up: disabled twice, enabled once.

import { replace } from '@virq/irq-core/protocol';
import { vfioIntxEnable as enable } from '@virq/irq-core/vfio';
import { vfioIntxEnable } from '@virq/x86-pci23/protocols';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'intx-depth',
  title: 'VFIO: an INTx line that fires during set-up is disabled twice and enabled once',
  family: 'vfio',
  cve: 'CVE-2024-27437',
  commits: [{ hash: 'fe9a7082684e', title: 'vfio/pci: Disable auto-enable of exclusive INTx IRQ' }],
  story: `A device without DisINTx is masked by disabling its host line. request_irq enables the line; if the guest had masked it before, the set-up disabled it again.

If the device asserts between the two, the handler disables the line and notes that it is masked. The set-up sees the note, takes it for the guest's wish, and disables
once more. The guest serves the interrupt, its EOI enables the line once, and the line stays disabled: further unmasks do nothing, because nothing is noted as masked.
It takes no misbehaving guest, only a device that is quick.`,
  links: [{ text: 'vfio/pci: Disable auto-enable (fe9a7082684e)', url: 'https://git.kernel.org/linus/fe9a7082684e' }],
  model: vfioIntxEnable,
  scope: { assertions: 1 },
  proof: { assertions: 2 },
  variant: [
    [
      enable,
      replace(
        replace(enable, 'request', (m, f) => void m.vfio.intx.request(f.device, 0)),
        'enableUnlessMasked',
        (m, f) => {
          const { masked, hostIrq } = m.vfio.state.devices.at(f.device);
          if (masked === 1) m.host.disable(hostIrq);
        },
      ),
    ],
  ],
  expected: { property: 'the line is disabled once at most', length: 7 },
  unused: ["irqfd_inject: 'lower."],
  fix: 'The line is requested disabled, and enabled under the lock if nothing is masked: the handler cannot run before.',
});
