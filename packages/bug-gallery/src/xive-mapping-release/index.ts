// The device is closed, its struct kept, and the address space it remembers is gone.

import { omit } from '@virq/irq-core/protocol';
import { deviceLife, xiveRelease } from '@virq/ppc-xive/protocols';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'xive-mapping-release',
  title: 'XIVE: the device forgets to forget the address space of a file that was closed',
  family: 'ppc',
  thread: 1,
  commits: [],
  story: `mmap of the XIVE device stores the file's address space in xive->mapping, for removing pages later. Paul Mackerras' review asked what happens
when the file is closed: the struct lives on, for QEMU closes and creates the device whenever a guest changes between XICS and XIVE. The
next set_mapped would walk an address space that no longer exists.

The checker gives the answer in two halves. If every device file has an inode of its own, as VFIO's have today, the walk goes through freed memory: this bug.
With the anonymous inode that all KVM device files share (\`--scope ownInode=0\`) the pointer cannot dangle, cleared or not: the model is clean under that
assumption. Clearing it under mapping_lock at release, as was merged, is right in both.`,
  links: [],
  model: xiveRelease,
  scope: { ownInode: 1 },
  proof: { lives: 3, zaps: 3, ownInode: 1 },
  variant: [[deviceLife, omit(deviceLife, 'lock mapping', 'forgetMapping', 'unlock mapping')]],
  expected: { property: 'no freed slot is touched', length: 16 },
  fix: 'Release clears the pointer under mapping_lock, before the file and its inode go.',
});
