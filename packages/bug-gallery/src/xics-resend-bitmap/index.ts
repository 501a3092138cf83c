// A second map, in the ICS, set after the first one: the same order problem one level down.

import { insert, replace } from '@virq/irq-core/protocol';
import { xicsResend } from '@virq/ppc-xive/models';
import { defineBug } from '../bug.ts';

const { AFTER, findParked, guestCpu, sendMsi } = xicsResend;

/** set_bit in the bitmap of the ICS. */
const setMapped = (m: xicsResend.XicsResend, f: { readonly irq: number }): void => {
  m.sources.at(f.irq - 1).mapped = 1;
};

/** test_and_clear_bit in the bitmap of the ICS. */
function takeMapped(source: { mapped: number }): boolean {
  const was = source.mapped === 1;
  source.mapped = 0;
  return was;
}

/** The search takes bits instead of looking at flags. */
const searching = replace(guestCpu, 'checkSource', (m, f) => {
  f.after = AFTER.SEARCH;
  return findParked(m, f, takeMapped) ?? 'send';
});

/** The bug. */
export const bug = defineBug({
  slug: 'xics-resend-bitmap',
  title: 'XICS: a bitmap of parked interrupts is set after the map that leads to it',
  family: 'ppc',
  commits: [],
  story: `A resend looks at all 1024 sources of an ICS. A patch of 2024 gives each ICS a bitmap of its parked sources: the deliverer sets the source's bit right after the presenter's
map, and the search takes the bits out of the bitmap instead of looking at the flags. The patch was posted for review; Linux 6.12 does not have it.

A search that began before can come between the two maps. It clears the ICS from the presenter's map and finds the bitmap empty; need_resend, which the deliverer has just set, is not its business.
The deliverer's last look finds need_resend set. Flag and bitmap say that the interrupt is parked, but the presenter's map no longer leads there: the device stays mute until another interrupt
of the same ICS is refused. Found by the checker; not reported so far.`,
  links: [
    {
      text: 'arch/powerpc/kvm: Use bitmap to speed up resend of irqs in ICS (20 May 2024)',
      url: 'https://lore.kernel.org/all/20240520082014.140697-2-gautam@linux.ibm.com/',
    },
  ],
  model: xicsResend.xicsResend,
  scope: { icss: 1 },
  proof: { masks: 2, msis: 2 },
  variant: [
    [sendMsi, insert(sendMsi, { after: 'deliver.setMap' }, { 'deliver.setMapped': setMapped })],
    [guestCpu, insert(searching, { after: 'deliver.setMap' }, { 'deliver.setMapped': setMapped })],
  ],
  expected: { property: 'what a device sent is handled', length: 52 },
  unused: ["vCPU, icp_down_cppr: 'deliver.retract'"],
  fix: 'The bitmap is set before the map that leads to it; in Linux the search looks at the flags themselves.',
});
