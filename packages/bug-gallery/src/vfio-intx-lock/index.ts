// Whether the device is in INTx mode is asked without the lock under which it changes.

import { vfioIntxLock } from '@virq/irq-core/models';
import { omit } from '@virq/irq-core/protocol';
import { defineBug } from '../bug.ts';

const { writeCommand } = vfioIntxLock;

/** The bug. */
export const bug = defineBug({
  slug: 'vfio-intx-lock',
  title: 'VFIO: a write of the command register uses the INTx context that an ioctl has just freed',
  family: 'vfio',
  cve: 'CVE-2024-26810',
  commits: [{ hash: '810cd4bb5345', title: 'vfio/pci: Lock external INTx masking ops' }],
  story: `The interrupt mode of a device is changed by ioctl, under a mutex that is called igate. Two paths from elsewhere mask and unmask INTx as well: a guest's write of DisINTx in the virtual
command register is one of them. They asked for the mode and used its context without igate.

If the ioctl tears INTx down in between, the guest's write works on freed memory. The first of seven patches of 2024 about who may touch what of an INTx; two others are in this gallery.`,
  links: [
    {
      text: 'vfio/pci: Lock external INTx masking ops (810cd4bb5345)',
      url: 'https://git.kernel.org/linus/810cd4bb5345',
    },
  ],
  model: vfioIntxLock.vfioIntxLock,
  scope: { writes: 1, changes: 0 },
  proof: { writes: 3, changes: 3 },
  variant: [[writeCommand, omit(writeCommand, 'lock igate', 'unlock igate')]],
  expected: { property: 'no freed slot is touched', length: 4 },
  fix: 'Paths from outside the interrupt code take igate around question and use.',
});
