// User space fires an interrupt before it has said whom to signal.

import { vfioPlatform } from '@virq/irq-core/models';
import { omit } from '@virq/irq-core/protocol';
import { defineBug } from '../bug.ts';

const { loopback } = vfioPlatform;

/** The bug. */
export const bug = defineBug({
  slug: 'vfio-platform-trigger',
  title: 'VFIO platform: an interrupt fired by ioctl follows a NULL eventfd',
  family: 'vfio',
  cve: 'CVE-2024-26813',
  commits: [{ hash: '675daf435e9f', title: 'vfio/platform: Create persistent IRQ handlers' }],
  story: `VFIO_DEVICE_SET_IRQS can fire an interrupt by hand, to test who listens: it calls the interrupt handler. The handler of platform devices signals its eventfd without asking whether there is one,
which is right when the hardware calls it, for the host's interrupt is requested together with the eventfd.

An ioctl needs no interrupt. Fired before an eventfd is set, or after it was taken away as here, the handler follows NULL in the kernel. The fsl-mc driver had the same
(CVE-2024-26814).`,
  links: [
    {
      text: 'vfio/platform: Create persistent IRQ handlers (675daf435e9f)',
      url: 'https://git.kernel.org/linus/675daf435e9f',
    },
  ],
  model: vfioPlatform.vfioPlatform,
  scope: { loopbacks: 1 },
  proof: { loopbacks: 3 },
  variant: [[loopback, omit(loopback, 'hasTrigger')]],
  expected: { property: 'no step fails', length: 8 },
  fix: 'The ioctl looks at the eventfd under igate, and the host interrupt is enabled only while there is one.',
});
