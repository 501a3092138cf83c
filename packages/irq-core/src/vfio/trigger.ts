// A trigger is a counted reference: closing the descriptor leaves the context alive. Linux: eventfd_ctx_fdget and eventfd_ctx_put in drivers/vfio/pci/vfio_pci_intrs.c.

import type { Eventfds } from '../kvm/eventfd.ts';

/** Takes a reference on `fd`, drops the one on `old`, and returns `fd`; 0 is no eventfd. */
export function exchange(eventfds: Eventfds, old: number, fd: number): number {
  if (fd !== 0) eventfds.get(fd);
  if (old !== 0) eventfds.put(old);
  return fd;
}
