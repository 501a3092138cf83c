// The order of the kernel's code: the old page is removed before the new source is stored, and the fault handler takes no lock that would matter.

import { omit, reorder } from '@virq/irq-core/protocol';
import { esbFault, setMapped, xiveMapping } from '@virq/ppc-xive/protocols';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'xive-mapping',
  title: 'XIVE: a page fault meets a source that is half switched to a device',
  family: 'ppc',
  thread: 1,
  commits: [],
  story: `A guest reaches the ESB of its interrupt through a page in the VMM's page table. When the interrupt becomes that of a passed-through device,
KVM removes the page (unmap_mapping_range), so that the next access faults and gets the page of the device's source.

This variant has the order of the kernel's code. kvmppc_xive_set_mapped, under the lock of the source block, removes the page first, then stores pt_number, then pt_data.
The fault handler asks pt_number and pt_data under no lock, reads the page's address under the lock, and inserts it under none. With \`--all\` the checker finds three things:
a fault between the two stores follows a NULL pointer; a fault that asked before the stores inserts the old IPI's page after the removal, and the guest ends the
device's interrupts at the wrong source from then on; and on the way back the same window leaves the device's page with the guest.

Outer locks do not exclude it: a fault holds mmap_lock for reading, which unmap_mapping_range does not take; kvm->lock is taken by no fault; mapping_lock only guards the
pointer. It takes a vCPU that touches the ESB page of an interrupt for the first time while its MSI is being connected, which Linux guests hardly do. Found here by
modelling the code; not known to have been reported. The thread itself asked about the release of the mapping: see xive-mapping-release.`,
  links: [],
  model: xiveMapping,
  proof: { vcpus: 2, touches: 3 },
  variant: [
    [
      setMapped,
      reorder(setMapped, 'lock sb', 'lock mapping', 'zap', 'unlock mapping', 'storeNumber', 'storeData', 'unlock sb'),
    ],
    [esbFault, reorder(omit(esbFault, 'lock mapping', 'unlock mapping'), 'selectNumber', 'selectData', 'lock sb')],
  ],
  expected: { property: 'no step fails', length: 13 },
  fix: 'The fault handler asks under the lock of the source block and holds mapping_lock until the page is inserted; the new source is stored before the old page is removed.',
});
