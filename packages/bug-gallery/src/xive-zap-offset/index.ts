// The removal hits the wrong file offset, so the guest keeps the IPI's page for the device's interrupt.

import { replace } from '@virq/irq-core/protocol';
import { clrPassthruNative, setPassthruNative, xiveRemap } from '@virq/ppc-xive/models';
import { defineBug } from '../bug.ts';

type Zap = (typeof setPassthruNative)['steps'][number];
/** unmap_mapping_range at 2n instead of 4 + 2n. */
const zapOther: Zap = (m, f) => {
  m.vms[f.vm]?.chip.mappings.zap(2 * f.gsi, 2);
};

/** The bug. */
export const bug = defineBug({
  slug: 'xive-zap-offset',
  title: 'XIVE: the ESB pages of a passed-through source are removed at the wrong file offset',
  family: 'ppc',
  thread: 1,
  commits: [],
  story: `The pages of guest interrupt n lie at page offset 4 + 2n of the device file: the first four pages are the TIMA's. The first version of the removal
forgot the four. It removed the pages of another interrupt, the guest kept the IPI's, and network cards behind passed-through PCI functions got no
interrupts. Fixed in May 2019.`,
  links: [],
  model: xiveRemap,
  proof: { vcpus: 1, switches: 2 },
  variant: [
    [setPassthruNative, replace(setPassthruNative, 'map.zap', zapOther)],
    [clrPassthruNative, replace(clrPassthruNative, 'unmap.zap', zapOther)],
  ],
  expected: { property: 'the page in the guest is that of the source behind its interrupt', length: 39 },
  unused: [
    "irq_bypass_register_producer, _unregister_producer: 'add.map.take.resend'",
    "irq_bypass_register_producer, _unregister_producer: 'add.map.take.sync'",
    "vCPU at its ESB pages: 'fault.timaPage'",
  ],
  fix: "The offset of an interrupt's pages is computed with the offset of the ESB region, KVM_XIVE_ESB_PAGE_OFFSET.",
});
