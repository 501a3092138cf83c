// Waiting until KVM's work items have run. An irqfd without a single MSI route injects from a work item on the CPU of the writer, and
// nothing tells when it has run. A marker does: a second irqfd, of another VM, signalled on the same CPU right after. Its work item is behind
// the first in the CPU's queue, and KVM_IRQFD with DEASSIGN returns only when the marker's work item and all shutdown work is done.
// Linux: virt/kvm/eventfd.c irqfd_shutdown, kernel/workqueue.c (per-CPU pools start work in order).

import { IOCTL } from './ioctls.ts';
import type { Libc } from './libc.ts';
import { createIrqchip, demand } from './vm.ts';

/** Does something and returns when its work items have run. */
export interface Barrier {
  around<T>(run: () => T): T;
}

/** Bytes of a CPU mask: 1024 CPUs. */
const MASK = 128;
const EFD_NONBLOCK_CLOEXEC = 0o2004000;
/** A GSI without a route: the marker delivers nothing. */
const UNROUTED = 4000;
const DEASSIGN = 1;

/** Opens the barrier: one VM and one eventfd for as long as the oracle is used. */
export function createBarrier(libc: Libc, kvm: number): Barrier {
  const vm = demand(libc.ioctl(kvm, IOCTL.CREATE_VM, 0), 'KVM_CREATE_VM');
  demand(createIrqchip(libc, vm), 'KVM_CREATE_IRQCHIP');
  const marker = demand(libc.eventfd(0, EFD_NONBLOCK_CLOEXEC), 'eventfd');
  const all = new Uint8Array(MASK);
  demand(libc.getAffinity(all), 'sched_getaffinity');
  const one = new Uint8Array(MASK);

  function irqfd(flags: number): void {
    const view = new DataView(new ArrayBuffer(32));
    for (const [i, word] of [marker, UNROUTED, flags].entries()) view.setUint32(4 * i, word, true);
    demand(libc.ioctlOn(vm, IOCTL.IRQFD, new Uint8Array(view.buffer)), 'KVM_IRQFD');
  }

  /** The thread stays on the CPU it is on, so that everything it queues is in one queue. */
  function stay(): void {
    const cpu = libc.cpu();
    one.fill(0);
    one[cpu >> 3] = 1 << (cpu & 7);
    libc.setAffinity(one);
  }

  return {
    around(run) {
      stay();
      try {
        return run();
      } finally {
        irqfd(0);
        libc.writeWord(marker, 1n);
        irqfd(DEASSIGN);
        libc.setAffinity(all);
      }
    },
  };
}
