// The VM frees what belongs to the host.

import { replace } from '@virq/irq-core/protocol';
import { releaseParted, xiveLife } from '@virq/ppc-xive/models';
import { nativeRelease } from '@virq/ppc-xive/protocols';
import { defineBug } from '../bug.ts';

type Free = (typeof nativeRelease)['steps'][number];
const freeSources = nativeRelease.steps[nativeRelease.labels.indexOf('freeSources')] as Free;
/** xive_cleanup_irq_data for the device's source as well. */
const freeAll: Free = (m, f, self, choice) => {
  const irq = m.parts.power.irq(0);
  if (irq.forwarded === 1) irq.data = 0;
  return freeSources(m, f, self, choice);
};

/** The bug. */
export const bug = defineBug({
  slug: 'xive-pt-free-esb',
  title: 'XIVE: destroying a VM frees the ESB mapping of a passed-through interrupt that the host still has',
  family: 'ppc',
  commits: [],
  story: `When a VM went, KVM freed the data of all its sources, those of passed-through devices among them: the mapping of their ESB pages is the host's. VFIO frees its interrupts a moment later. free_irq masks the interrupt
at its ESB, through a mapping that is gone, and the host crashed. Fixed in May 2019.`,
  links: [],
  model: xiveLife,
  scope: { lives: 1, runs: 0 },
  proof: { lives: 1 },
  variant: [[releaseParted, replace(nativeRelease, 'freeSources', freeAll)]],
  expected: { property: 'no step fails', length: 63 },
  unused: ["vfio_msi_set_vector_signal: 'use.map.take.resend'", "vfio_msi_set_vector_signal: 'use.map.take.sync'"],
  fix: "KVM frees the IPIs that it has allocated; what was the host's stays with the host.",
});
