// Two sources on one GSI: the OR computed under no lock lets a stale zero reach the pin.

import { levelStates, setLevel } from '@virq/irq-core/models';
import { omit } from '@virq/irq-core/protocol';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'level-states',
  title: 'Two sources share one GSI and the pin ends low although one asserts',
  family: 'core',
  commits: [{ hash: '1a577b72475d', title: 'KVM: fix race with level interrupts' }],
  story: `Several sources can hold one level-triggered GSI up: the emulated device model, an irqfd, an assigned device. KVM keeps a bit
per source and drives the pin with their OR.

Until 2012 the bit, the OR and the pin were three steps that nothing held together. One CPU lowers its bit and finds the OR zero;
another raises its own bit and the pin; then the first one drives the pin low with the zero it remembers. The line is asserted, the pin
is low, and no further edge will come. Found and fixed by Michael S. Tsirkin.`,
  links: [
    { text: 'KVM: fix race with level interrupts (1a577b72475d)', url: 'https://git.kernel.org/linus/1a577b72475d' },
  ],
  model: levelStates,
  variant: [[setLevel, omit(setLevel, 'lock chip', 'unlock chip')]],
  expected: { property: 'the pin is the OR of its sources', length: 6 },
  fix: 'Bit, OR and pin change under the lock of the chip, so the pin always gets the OR of the present bits.',
});
