// The resampler signals before it lowers the line, and erases an assertion that came in between.

import { resample } from '@virq/irq-core/models';
import { reorder } from '@virq/irq-core/protocol';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'resample-order',
  title: 'irqfd: a resampler that signals before it lowers the line erases the next interrupt',
  family: 'core',
  commits: [],
  story: `When a guest ends a level interrupt, the resampler of its GSI lowers the line once and then signals every resamplefd. A comment in the kernel insists on the order, and
this is why: the signal unmasks the device, the device asserts again, the line is raised; a line lowered after that is low while the device is masked and asserts. No interrupt, no end, no unmask.

Never shipped, as far as is known: a rule that a comment states and the checker proves necessary.`,
  links: [],
  model: resample.resample,
  proof: { assertions: 3 },
  variant: [[resample.guest, reorder(resample.guest, 'signal', 'lower')]],
  expected: { property: 'no device asserts while its line is masked', length: 15 },
  fix: 'The line is lowered once and first.',
});
