// The device is closed while an interrupt is passed through.

import { releaseParted, xiveLife } from '@virq/ppc-xive/models';
import { nativeRelease } from '@virq/ppc-xive/protocols';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'xive-release-forwarded',
  title: 'XIVE: closing the device leaves an interrupt forwarded to nobody',
  family: 'ppc',
  commits: [],
  found: { versions: 'Linux 6.1, 6.12 and 7.3-rc7', evidence: 'model' },
  story: `Release masks a passed-through source and frees what KVM knows of it, but does not give it back to the host: its irq descriptor stays forwarded. When VFIO parts from the irqfd later, clr_mapped finds no
device, or a new one whose source never had this interrupt behind it.

A forwarded interrupt is not ended by the host. If the driver requests it again without giving the descriptor up, the first message is delivered and no other. QEMU takes all vectors away before it closes the
device, so that only another VMM meets it.`,
  links: [],
  model: xiveLife,
  scope: { lives: 1, runs: 0 },
  proof: { lives: 2 },
  variant: [[releaseParted, nativeRelease]],
  expected: { property: 'a device that is gone has left no interrupt forwarded', length: 65 },
  unused: ["vfio_msi_set_vector_signal: 'use.map.take.resend'", "vfio_msi_set_vector_signal: 'use.map.take.sync'"],
  fix: 'Release gives back what is passed through, under the kvm->lock that it holds.',
});
