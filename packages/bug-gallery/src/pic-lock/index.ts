// A vCPU takes an interrupt from the 8259 while a device raises another.

import { omit } from '@virq/irq-core/protocol';
import { picLock, readPicIrq } from '@virq/x86-avic/protocols';
import { defineBug } from '../bug.ts';

/** The bug. */
export const bug = defineBug({
  slug: 'pic-lock',
  title: '8259: an edge is lost when a vCPU takes another interrupt at the same time',
  family: 'x86',
  commits: [{ hash: '3f353858c98d', title: 'KVM: Add locking to virtual i8259' }],
  story: `KVM's 8259 used to be protected by the mutex of the VM, except where a vCPU takes its interrupt: that happens with interrupts off, where no mutex can be taken.

Taking an interrupt clears a bit of IRR. If a device sets another bit between the load and the store, the store takes it away again, and the edge is gone. Found and fixed by Avi Kivity.`,
  links: [
    { text: 'KVM: Add locking to virtual i8259 (3f353858c98d)', url: 'https://git.kernel.org/linus/3f353858c98d' },
  ],
  model: picLock,
  variant: [[readPicIrq, omit(readPicIrq, 'lock pic', 'unlock pic')]],
  expected: { property: 'every edge is taken', length: 16 },
  fix: 'The chip has a spinlock, and everybody who looks at IRR takes it.',
});
