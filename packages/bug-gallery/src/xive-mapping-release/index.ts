// The device is closed, its struct kept and used again, and the address space it remembers is gone.

import { omit, replace } from '@virq/irq-core/protocol';
import { chipOf, createDevice, releaseParted, xiveLife } from '@virq/ppc-xive/models';
import { defineBug } from '../bug.ts';

type Attach = (typeof createDevice)['steps'][number];
/** The struct is taken as the last device has left it. */
const attachUsed: Attach = (m) => {
  const { state, devices } = chipOf(m);
  const { mapping } = state.kvm;
  devices.create('xive');
  state.kvm.mapping = mapping;
};

/** The bug. */
export const bug = defineBug({
  slug: 'xive-mapping-release',
  title: 'XIVE: the device forgets to forget the address space of a file that was closed',
  family: 'ppc',
  thread: 1,
  commits: [],
  story: `mmap of the XIVE device stores the file's address space in xive->mapping, for removing pages later. Paul Mackerras' review asked what happens
when the file is closed: the struct lives on, for QEMU closes and creates the device whenever a guest changes between XICS and XIVE.

The checker's answer, over the whole machine: three things stand between a switch and an address space that no longer exists, and each of two suffices. Release
clears the pointer; creating the device zeroes the struct, used before or not; and without a device set_mapped ends before it looks. This variant has neither of the first two, and the
walk goes through the address space of a file that is gone if every device file has an inode of its own, as VFIO's have today. With the anonymous inode that all KVM device files
share (\`--scope sharedInode=1\`) it cannot, whatever is left out. The clearing that was merged is right, and was never needed.`,
  links: [],
  model: xiveLife,
  proof: { lives: 2 },
  variant: [
    [releaseParted, omit(releaseParted, 'release.lock mapping', 'release.forgetMapping', 'release.unlock mapping')],
    [createDevice, replace(createDevice, 'attach', attachUsed)],
  ],
  expected: { property: 'no step fails', length: 47 },
  unused: ["vfio_msi_set_vector_signal: 'use.map.take.resend'", "vfio_msi_set_vector_signal: 'use.map.take.sync'"],
  fix: 'Release clears the pointer under mapping_lock; creating a device zeroes the struct that it finds.',
});
