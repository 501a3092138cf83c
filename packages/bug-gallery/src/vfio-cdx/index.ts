// The newest bus driver of VFIO learns the oldest lesson.

import { vfioCdx } from '@virq/irq-core/models';
import { omit } from '@virq/irq-core/protocol';
import { defineBug } from '../bug.ts';

const { disableMsi, setVectors } = vfioCdx;
const unlocked = ['lock cdx_irqs', 'unlock cdx_irqs'] as const;

/** The bug. */
export const bug = defineBug({
  slug: 'vfio-cdx',
  title: 'VFIO CDX: one thread sets an MSI vector in an array that another has freed',
  family: 'vfio',
  cve: 'CVE-2026-46036',
  commits: [{ hash: '670e8864b1a2', title: 'vfio/cdx: Serialize VFIO_DEVICE_SET_IRQS with a per-device mutex' }],
  story: `VFIO_DEVICE_SET_IRQS of a CDX device tests whether MSIs are configured and works on the array of vectors. Nothing kept a second thread from disabling MSIs in the meantime, which frees the
array.

PCI devices have had a mutex for this from the start, and platform devices too. Introduced in 6.10, found in 2026, fixed by Alex Williamson.`,
  links: [
    {
      text: 'vfio/cdx: Serialize VFIO_DEVICE_SET_IRQS (670e8864b1a2)',
      url: 'https://git.kernel.org/linus/670e8864b1a2',
    },
  ],
  model: vfioCdx.vfioCdx,
  scope: { calls: 2 },
  proof: { calls: 3 },
  variant: [
    [setVectors, omit(setVectors, ...unlocked)],
    [disableMsi, omit(disableMsi, ...unlocked)],
  ],
  expected: { property: 'no freed slot is touched', length: 5 },
  fix: 'Test and use are under one mutex per device, and so is everything that frees.',
});
