// Lock order of the interrupt paths, as data: a lock may be taken while holding only locks of a lower rank.

/** One lock class. */
export interface LockClass {
  readonly rank: number;
  readonly kind: 'mutex' | 'spin' | 'raw spin' | 'SRCU';
  readonly protects: string;
  /** Kernel name. */
  readonly kernel: string;
}

/** Lock classes by the name used in protocol labels. Linux: comments in virt/kvm/eventfd.c and drivers/vfio/pci. */
export const LOCKS: Readonly<Record<string, LockClass>> = {
  igate: { rank: 10, kind: 'mutex', kernel: 'vfio_pci_core_device.igate', protects: 'VFIO_DEVICE_SET_IRQS' },
  bypass: {
    rank: 20,
    kind: 'mutex',
    kernel: 'virt/lib/irqbypass.c lock',
    protects: 'producer and consumer registries',
  },
  resampler: { rank: 30, kind: 'mutex', kernel: 'kvm->irqfds.resampler_lock', protects: 'resampler list' },
  irq: {
    rank: 40,
    kind: 'mutex',
    kernel: 'kvm->irq_lock',
    protects: 'routing table writer, notifier lists, source ids',
  },
  eventfd: { rank: 50, kind: 'spin', kernel: 'eventfd_ctx.wqh.lock', protects: 'wait queue' },
  irqfds: {
    rank: 60,
    kind: 'spin',
    kernel: 'kvm->irqfds.lock',
    protects: 'irqfd list, route snapshots, producers, IRTE updates',
  },
  irqlock: {
    rank: 70,
    kind: 'spin',
    kernel: 'vfio_pci_core_device.irqlock',
    protects: 'ctx.masked, DisINTx through VFIO',
  },
  pci: { rank: 80, kind: 'raw spin', kernel: 'pci_lock', protects: 'config dword read-modify-write' },
  desc: { rank: 90, kind: 'raw spin', kernel: 'irq_desc.lock', protects: 'disable depth, actions, line state' },
};
