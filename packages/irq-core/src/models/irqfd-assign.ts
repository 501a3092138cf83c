// An irqfd is deassigned while the call that assigns it is not finished. Linux: virt/kvm/eventfd.c kvm_irqfd_assign, irqfd_shutdown; the same in drivers/xen/privcmd.c.

import { handle, pool, struct, u1, type View, type ViewOf } from '../arena/index.ts';
import {
  BLOCKED,
  defineFamily,
  defineModel,
  lock,
  propertiesOn,
  protocolsOn,
  type Srcu,
  srcu,
} from '../protocol/index.ts';

const Irqfd = struct('irqfd', { polled: u1 });
const Irqfds = pool(Irqfd, 1);
const Kvm = struct('kvm', { irqfdsLock: lock, listed: handle, shutdown: handle });

/** The list of irqfds. */
export interface IrqfdAssign {
  readonly irqfds: ViewOf<typeof Irqfds>;
  readonly kvm: View<typeof Kvm>;
  readonly irqSrcu: Srcu;
}

const { protocol } = protocolsOn<IrqfdAssign>();
const { quiescent, sometimes } = propertiesOn<IrqfdAssign>();

/** kvm_irqfd_assign: puts the irqfd on the list, drops the lock, and still uses it: inside an SRCU section, for which shutdown waits. */
export const assign = protocol('kvm_irqfd_assign', { section: u1, irqfd: handle }, (p) => ({
  allocate(m, f) {
    f.irqfd = m.irqfds.alloc();
  },
  ...p.reading('irq_srcu', (m) => m.irqSrcu, 'section', {
    ...p.locked('irqfds', (m) => m.kvm.irqfdsLock, {
      list(m, f) {
        m.kvm.listed = f.irqfd;
      },
    }),
    poll(m, f) {
      m.irqfds.at(f.irqfd).polled = 1;
    },
  }),
}));

/** Another thread deassigns the same eventfd. */
export const deassign = protocol('kvm_irqfd_deassign', {}, (p) => ({
  find: p.idle((m) => (m.kvm.listed === 0 ? BLOCKED : undefined)),
  ...p.locked('irqfds', (m) => m.kvm.irqfdsLock, {
    unlist(m) {
      m.kvm.shutdown = m.kvm.listed;
      m.kvm.listed = 0;
    },
  }),
}));

/** irqfd_shutdown: waits for those who may hold a pointer, then frees. */
export const shutdown = protocol('irqfd_shutdown', { irqfd: handle, old: u1 }, (p) => ({
  wait: p.idle((m, f) => {
    if (m.kvm.shutdown === 0) return BLOCKED;
    f.irqfd = m.kvm.shutdown;
    m.kvm.shutdown = 0;
    return undefined;
  }),
  ...p.synchronize('irq_srcu', (m) => m.irqSrcu, 'old'),
  free: (m, f) => m.irqfds.free(f.irqfd),
}));

/** One irqfd, assigned and deassigned by two threads. */
export const irqfdAssign = defineFamily({
  name: 'irqfd-assign',
  summary: 'irqfd: deassigned by one thread while another is still assigning it',
  scope: {},
  build: () =>
    defineModel({
      name: 'irqfd-assign',
      layout: { irqfds: Irqfds, kvm: Kvm, irqSrcu: srcu },
      processes: 3,
      protocols: [assign, deassign, shutdown],
      machine: (root): IrqfdAssign => root,
      start(_m, spawn) {
        spawn(assign);
        spawn(deassign);
        spawn(shutdown);
      },
      properties: [
        quiescent('an irqfd that was taken off the list is freed', (m) => m.irqfds.count() === 0),
        sometimes('the irqfd is polled', (m) => m.irqfds.slot(0).polled === 1),
      ],
    }),
});
