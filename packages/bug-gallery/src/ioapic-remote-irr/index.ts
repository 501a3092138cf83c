// The EOI of a level interrupt is not forwarded because its pin was pointed elsewhere meanwhile.

import { replace } from '@virq/irq-core/protocol';
import { chipOf, ioapicEoi } from '@virq/x86-avic/models';
import { vcpuScanIoapic } from '@virq/x86-avic/protocols';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'ioapic-remote-irr',
  title: 'IOAPIC: a level interrupt re-targeted while in service never fires again',
  family: 'x86',
  commits: [{ hash: '0fc5a36dd6b3', title: 'Fix level-triggered EOI and IOAPIC reconfigure race' }],
  story: `A vCPU keeps a bitmap of the vectors whose EOI has to reach the IOAPIC, so that the EOI of others costs no exit. It is computed from the redirection table.

The guest moves a level interrupt to another vCPU while the first one is serving it. The bitmap is computed anew, the vector is no longer routed to the first vCPU, and its EOI stays in
the hardware. Remote IRR is never cleared; the pin refuses everything from then on. Found by Nikita Leshenko in 2017. The reverse, an interception that was never removed again, followed in 2025.`,
  links: [{ text: 'KVM: x86: ioapic (0fc5a36dd6b3)', url: 'https://git.kernel.org/linus/0fc5a36dd6b3' }],
  model: ioapicEoi,
  proof: { assertions: 3, writes: 3 },
  variant: [
    [
      vcpuScanIoapic,
      replace(vcpuScanIoapic, 'scan', (m, f) => {
        const chip = chipOf(m as never);
        chip.rescan(f.vcpu);
        const a = chip.lapics.at(f.vcpu);
        if (a.staleEoi !== 0) a.eoiVectors.delete(a.staleEoi - 1);
        a.staleEoi = 0;
      }),
    ],
  ],
  expected: { property: 'no pin waits for an EOI that will not come', length: 18 },
  fix: 'Vectors that are pending or in service stay in the bitmap whatever the table says now.',
});
