// The ack of an interrupt calls somebody who needs the chip's lock.

import { reorder } from '@virq/irq-core/protocol';
import { picLock, readPicIrq } from '@virq/x86-avic/protocols';
import { defineBug } from '../bug.ts';

/** Labels of the notifier, which takes the lock itself. */
const notifier = readPicIrq.labels.filter((label) => label.startsWith('notify.'));

/** The bug. */
export const bug = defineBug({
  slug: 'pic-ack-recursion',
  title: '8259: an ack notifier called under the lock of the chip waits for that lock',
  family: 'x86',
  commits: [],
  story: `Whoever is interested in the end of an interrupt registers an ack notifier: a resampler, which lowers the line and lets the device raise it again. For that it uses the interrupt controller.

With a spinlock in the 8259 the notifier must not be called under it, or the CPU waits for itself. The commit that added the lock put the calls behind its release; to this day the
code drops the lock around them, and has to have the chip's state in order before it does. This variant never shipped.`,
  links: [
    { text: 'KVM: Add locking to virtual i8259 (3f353858c98d)', url: 'https://git.kernel.org/linus/3f353858c98d' },
  ],
  model: picLock,
  variant: [[readPicIrq, reorder(readPicIrq, ...notifier, 'unlock pic')]],
  expected: { property: 'every interrupt that was taken is acked', length: 9 },
  fix: 'Notifiers are called with the lock dropped.',
});
