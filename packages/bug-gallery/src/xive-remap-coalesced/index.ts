// What is latched at the IPI when a device takes over is forgotten.

import { replace } from '@virq/irq-core/protocol';
import { setPassthruNative, xiveVectors } from '@virq/ppc-xive/models';
import { defineBug } from '../bug.ts';

type Enable = (typeof setPassthruNative)['steps'][number];
const enable = setPassthruNative.steps[setPassthruNative.labels.indexOf('map.enable')] as Enable;
/** Q of the IPI is not looked at. */
const enableWithoutQ: Enable = (m, f, self, choice) => {
  const source = m.vms[f.vm]?.chip.sources.find(f.gsi);
  if (source !== null && source !== undefined) source.oldQ = 0;
  return enable(m, f, self, choice);
};

/** The bug. */
export const bug = defineBug({
  slug: 'xive-remap-coalesced',
  title: 'XIVE: a message latched in Q is lost when the device takes over',
  family: 'ppc',
  commits: [],
  found: { versions: 'Linux 6.1, 6.12 and 7.3-rc7', evidence: 'model' },
  story: `set_mapped remembers P and Q of the IPI. P says that the guest may have an entry in its queue, and that its end of interrupt is to come; the device's source then waits for that. Q says that one more
message came meanwhile. It is remembered, and never looked at: the IPI is switched off, the device's source stays at PQ=10, and the guest's end of interrupt makes it 00.

If the guest's handler had already looked at the device when the message came, nobody will look again. XICS mode has it as well.`,
  links: [],
  model: xiveVectors,
  variant: [[setPassthruNative, replace(setPassthruNative, 'map.enable', enableWithoutQ)]],
  expected: { property: 'what the device has to say is heard', length: 101 },
  unused: [
    "irq_startup, vfio_msix_vector_do_use: 'use.map.take.resend'",
    "irq_startup, vfio_msix_vector_do_use: 'use.map.take.sync'",
  ],
  fix: "With P and Q set at the IPI the device's source becomes PQ=11, so that the guest's end of interrupt sends it again.",
});
