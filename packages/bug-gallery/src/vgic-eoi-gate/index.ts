// The fold of a GICv3 host tells the irqfd of an EOI only if software knew the interrupt as active.

import { foldAcksAlways, vgicFoldLrState, vgicResample } from '@virq/arm-vgic/models';
import { defineBug } from '../bug.ts';
import { SMALL_VGIC } from '../vgic-parts.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'vgic-eoi-gate',
  title: 'VGIC: an interrupt that is taken and ended without an exit is not ended for its irqfd',
  family: 'arm',
  commits: [],
  found: { versions: 'Linux 7.3-rc7 on GICv3 hosts', evidence: 'model' },
  story: `When a vCPU exits, KVM reads its list registers back, and for a level SPI that the guest has ended it tells the irqfd: the line goes down, the resamplefd unmasks the
device. Since the rework for more active interrupts than list registers, the GICv3 code does so only if the interrupt was active in software before and no longer is.

An interrupt is loaded as pending. If the guest takes it and ends it with no exit in between, software never sees it active. Nobody lowers the line, so it is pending again at
once, and the handler is called for a device that has nothing to say, until an exit of the host happens to fall between IAR and EOIR. VFIO keeps the device masked for as long. The
GICv2 code, and all kernels up to 6.18, look at the list register alone.

Where only the latch was set (an assertion that came while the SPI was still an edge) nothing makes it pending again: then the device is mute. vgic-early-assertion has that scene.`,
  links: [],
  model: vgicResample,
  variant: [[foldAcksAlways, vgicFoldLrState]],
  expected: { property: 'a guest takes an interrupt only while its device asserts', length: 78 },
  unused: SMALL_VGIC,
  fix: 'What the list register shows is enough: empty, with EOI set. What software knew when it was loaded is older.',
});
