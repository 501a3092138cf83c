// INTx fires while its handler is being set up: disabled twice, enabled once.

import { vfioIntxEnable } from '@virq/irq-core/models';
import { replace } from '@virq/irq-core/protocol';
import { defineBug } from '../bug.ts';

const { requestIntx } = vfioIntxEnable;

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
  model: vfioIntxEnable.vfioIntxEnable,
  proof: { assertions: 3 },
  variant: [
    [
      requestIntx,
      replace(
        replace(requestIntx, 'request', ({ intx }) => {
          intx.requested = 1;
        }),
        'enableUnlessMasked',
        ({ intx }) => {
          if (intx.masked === 1) intx.depth++;
          intx.ready = 1;
        },
      ),
    ],
  ],
  expected: { property: 'the line is disabled once if it is masked, and not at all if it is not', length: 10 },
  fix: 'The line is requested disabled, and enabled under the lock if nothing is masked: the handler cannot run before.',
});
