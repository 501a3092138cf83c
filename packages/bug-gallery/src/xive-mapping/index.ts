// The order of the kernel's code: the old page is removed before the new source is stored, and the fault handler takes no lock that would matter.

import { clrPassthruNative, esbFaultNative, setPassthruNative, xiveRemap } from '@virq/ppc-xive/models';
import { clrPassthru, nativeEsbFault, setPassthru } from '@virq/ppc-xive/protocols';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'xive-mapping',
  title: 'XIVE: a page fault meets a source that is half switched to a device',
  family: 'ppc',
  thread: 1,
  commits: [],
  found: { versions: 'Linux 6.1, 6.12 and 7.3-rc7', evidence: 'model' },
  story: `A guest reaches the ESB of its interrupt through pages in the VMM's page table. When the interrupt becomes that of a passed-through device, KVM removes the pages
(unmap_mapping_range), so that the next access faults and gets those of the device's source.

This variant is the kernel as it is. kvmppc_xive_set_mapped, under the lock of the source block, removes the pages first, then stores pt_number, then pt_data. The fault handler asks
pt_number and pt_data under no lock, reads the page's address under the lock, and inserts it under none. With \`--all\` the checker finds three things: a fault between the two stores
follows a NULL pointer, with the lock held; a fault that asked before the stores inserts the old IPI's page after the removal, and the guest ends the device's interrupts at the wrong
source from then on; and on the way back the same window leaves the device's page with the guest.

Outer locks do not exclude it: a fault holds mmap_lock for reading, which a switch does not take; irqbypass's lock and kvm->lock are taken by no fault; mapping_lock only guards the
pointer. It takes a vCPU that touches the ESB page of an interrupt while its MSI is being connected. Found here by modelling the code; not known to have been reported.`,
  links: [],
  model: xiveRemap,
  proof: { vcpus: 2, touches: 1 },
  variant: [
    [setPassthruNative, setPassthru],
    [clrPassthruNative, clrPassthru],
    [esbFaultNative, nativeEsbFault],
  ],
  expected: { property: 'no step fails', length: 33 },
  unused: [
    "irq_bypass_register_producer, _unregister_producer: 'add.map.take.resend'",
    "irq_bypass_register_producer, _unregister_producer: 'add.map.take.sync'",
    "vCPU at its ESB pages: 'fault.timaPage'",
  ],
  fix: 'The fault handler holds mapping_lock from the choice of the page to its insertion, and so does a switch from the removal of the old page to the new source being in place.',
});
