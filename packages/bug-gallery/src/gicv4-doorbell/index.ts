// A blocking vCPU stores what it read before the doorbell, and sleeps on a pending vLPI.

import { blockVcpu, gicv4Doorbell } from '@virq/arm-vgic/protocols';
import { omit } from '@virq/irq-core/protocol';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'gicv4-doorbell',
  title: 'GICv4.1: a vCPU goes to sleep on a vLPI whose doorbell came a moment too early',
  family: 'arm',
  commits: [{ hash: 'a3f574cd6548', title: 'KVM: arm64: vgic-v4: Plug race between non-residency and v4.1 doorbell' }],
  story: `Before a vCPU sleeps, its vPE is made non-resident and the hardware is asked whether a vLPI is pending. A vLPI that comes after that rings
a doorbell, whose handler notes that something is pending and kicks the vCPU.

The answer of the hardware was stored without a lock. A doorbell between reading and storing was overwritten by the stale answer; its kick
found nobody asleep. The vCPU slept with a vLPI pending until something unrelated woke it. Reported by Zenghui Yu, fixed by Marc Zyngier.`,
  links: [{ text: 'vgic-v4: Plug race (a3f574cd6548)', url: 'https://git.kernel.org/linus/a3f574cd6548' }],
  model: gicv4Doorbell,
  variant: [[blockVcpu, omit(blockVcpu, 'lock vpe', 'unlock vpe')]],
  expected: { property: 'no vCPU sleeps on a pending vLPI', length: 8 },
  fix: 'Both the deschedule and the doorbell handler write pending_last under the lock of the vPE.',
});
