// A level device asserts while its SPI is still the edge that KVM makes of every SPI at reset.

import { setUp, setUpEdge, vgicSetup } from '@virq/arm-vgic/models';
import { defineBug } from '../bug.ts';
import { SET_UP_ONCE } from '../vgic-parts.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'vgic-early-assertion',
  title: 'VGIC: a device that asserts before the guest has configured its SPI is mute',
  family: 'arm',
  thread: 3,
  commits: [],
  found: { versions: 'VMMs that arm a level device on Linux 6.1, 6.12 and 7.3-rc7', evidence: 'model' },
  story: `An SPI of KVM is an edge until somebody says otherwise. A VMM that arms a platform device before its guest runs, and leaves the configuration to the guest, has a window: an
assertion that comes in it sets the latch and not the line. VFIO masks the device, for which one assertion is enough.

If the guest writes GICD_ICPENDR before GICD_ICFGR, the latch is gone and nothing else remembers. A report of 2026 (tiiuae/ghaf, pull request 2057: QEMU, a Tegra network
controller, 17 seconds between arming and the guest's request) has the same end, and works around it by arming again later.

A guest that does not clear is safe up to 6.18: the latch survives, is delivered as a level, and its EOI unmasks. On 7.3 with a GICv3 not even that holds, if the guest takes and ends it
without an exit (vgic-eoi-gate): the latch is cleared, the line was never up.`,
  links: [{ text: 'tiiuae/ghaf pull request 2057', url: 'https://github.com/tiiuae/ghaf/pull/2057' }],
  model: vgicSetup,
  variant: [[setUp, setUpEdge]],
  expected: { property: 'no device asserts while its line is masked', length: 16 },
  unused: SET_UP_ONCE,
  fix: 'The VMM configures the SPI as level (GICD_ICFGR through the device attribute) before it arms the device.',
});
