// A device that could not be made is there all the same.

import { u8 } from '@virq/irq-core/arena';
import { insert, protocolsOn } from '@virq/irq-core/protocol';
import { chipOf, createDevice, type PowerMachine, xiveLife } from '@virq/ppc-xive/models';
import { defineBug } from '../bug.ts';

/** OPAL may have no block left; the device is attached by then, and nobody undoes it. */
const allocateVps = protocolsOn<PowerMachine>().protocol('allocate', { vm: u8 }, (p) => ({
  allocateVps: p.choose(2, (m, _f, _self, choice) => {
    if (choice === 1) chipOf(m).state.kvm.fileOpen = 0;
  }),
})).steps[0] as (typeof createDevice)['steps'][number];
const createWithVps = insert(createDevice, { after: 'attach' }, { allocateVps });

/** The bug. */
export const bug = defineBug({
  slug: 'xive-vp-leak',
  title: 'XIVE: a VM whose device could not be made can never have one',
  family: 'ppc',
  commits: [],
  story: `Creating the device allocated the VM's block of virtual processors. A host has room for some 64 of those blocks per socket, so with many guests it failed; but kvm->arch.xive was set already. The file that would
have released it was never made. Every further attempt, with XICS as with XIVE, was answered -EEXIST, and the VM stayed with QEMU's emulated controller for good.

Found by Greg Kurz with 127 guests. Since then a device allocates nothing before its first vCPU connects.`,
  links: [],
  model: xiveLife,
  scope: { lives: 1, runs: 0 },
  proof: { lives: 1 },
  variant: [[createDevice, createWithVps]],
  expected: { property: 'a device whose file is closed is gone', length: 19 },
  unused: ["vfio_msi_set_vector_signal: 'use.map.take.resend'", "vfio_msi_set_vector_signal: 'use.map.take.sync'"],
  fix: 'The VP block is allocated when the first vCPU connects, which can fail without leaving anything behind.',
});
