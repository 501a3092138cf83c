// Two jobs are queued to release one virqfd.

import { virqfdRelease } from '@virq/irq-core/models';
import { omit } from '@virq/irq-core/protocol';
import { defineBug } from '../bug.ts';

const { disable, hangUp } = virqfdRelease;

/** The bug. */
export const bug = defineBug({
  slug: 'vfio-virqfd-release',
  title: 'VFIO: the unmask eventfd of a device is released twice',
  family: 'vfio',
  commits: [{ hash: 'b68e7fa879cd', title: 'vfio: Fix virqfd release race' }],
  story: `VFIO unmasks an interrupt when an eventfd is signalled. The object behind it goes when the eventfd is closed, or when an ioctl takes it away; both queue the same job, which frees it.

Closing did not tell the device, whose pointer stayed. An ioctl that comes later, or at the same time, queues the job of an object that is freed. Found and fixed by Alex Williamson in
2012. KVM's irqfds, which VFIO took as its model, hold a lock in both places.`,
  links: [{ text: 'vfio: Fix virqfd release race (b68e7fa879cd)', url: 'https://git.kernel.org/linus/b68e7fa879cd' }],
  model: virqfdRelease.virqfdRelease,
  variant: [
    [hangUp, omit(hangUp, 'lock virqfd', 'isPointedTo', 'clear', 'unlock virqfd')],
    [disable, omit(disable, 'lock virqfd', 'unlock virqfd')],
  ],
  expected: { property: 'no freed slot is touched', length: 11 },
  fix: 'Whoever clears the pointer to the object, under a spinlock, queues its release; whoever finds it cleared does nothing.',
});
