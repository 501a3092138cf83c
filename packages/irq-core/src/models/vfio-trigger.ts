// An unmask signals the trigger eventfd again while user space takes it away. Linux: drivers/vfio/pci/vfio_pci_intrs.c vfio_pci_intx_unmask_handler, vfio_intx_set_signal; drivers/vfio/virqfd.c.

import { handle, pool, struct, u1, type View, type ViewOf } from '../arena/index.ts';
import { BLOCKED, defineFamily, defineModel, lock, propertiesOn, protocolsOn } from '../protocol/index.ts';

const Eventfd = struct('eventfd', { count: u1 });
const Eventfds = pool(Eventfd, 1);
/** INTx mode of a device: `trigger` is the eventfd, 0 if user space has set none; `working` says that the unmask worker is under way. */
const Intx = struct('intx', { irqlock: lock, asserts: u1, trigger: handle, unmaskAsked: u1, working: u1 });

/** A device in INTx mode and its trigger. */
export interface IntxTrigger {
  readonly eventfds: ViewOf<typeof Eventfds>;
  readonly intx: View<typeof Intx>;
}

const { protocol } = protocolsOn<IntxTrigger>();
const { quiescent, sometimes } = propertiesOn<IntxTrigger>();

/** virqfd_inject after the resamplefd was signalled: the device still asserts, so the guest is told again, if there is somebody to tell. */
export const unmaskWorker = protocol('vfio_pci_intx_unmask_handler', { eventfd: handle }, (p) => ({
  wait: p.idle(({ intx }) => {
    if (intx.unmaskAsked === 0) return BLOCKED;
    intx.unmaskAsked = 0;
    intx.working = 1;
    return undefined;
  }),
  ...p.locked('irqlock', (m) => m.intx.irqlock, {
    isPending: ({ intx }) => (intx.asserts === 1 ? undefined : 'unlock irqlock'),
  }),
  loadTrigger(m, f) {
    f.eventfd = m.intx.trigger;
  },
  signal(m, f) {
    if (f.eventfd !== 0) m.eventfds.at(f.eventfd).count = 1;
  },
  finish(m, f) {
    m.intx.working = 0;
    f.eventfd = 0;
    return 'wait';
  },
}));

/** The guest's EOI: asks for an unmask. */
export const askUnmask = protocol('resamplefd', {}, (p) => ({
  ask: p.choose(2, (m, _f, _self, choice) => {
    if (choice === 1) m.intx.unmaskAsked = 1;
  }),
}));

/** VFIO_DEVICE_SET_IRQS with trigger -1: the pointer goes first, then everybody who may have loaded it is waited for, then the reference goes (18c198c96a81). */
export const dropTrigger = protocol('VFIO_DEVICE_SET_IRQS', { old: handle }, () => ({
  swap(m, f) {
    f.old = m.intx.trigger;
    m.intx.trigger = 0;
  },
  flushWorker: ({ intx }) => (intx.unmaskAsked === 1 || intx.working === 1 ? BLOCKED : undefined),
  put: (m, f) => m.eventfds.free(f.old),
}));

/** The trigger of a device that asserts is taken away. */
export const vfioTrigger = defineFamily({
  name: 'vfio-trigger',
  summary: 'VFIO: the trigger eventfd is taken away while an unmask signals it again',
  scope: {},
  build: () =>
    defineModel({
      name: 'vfio-trigger',
      layout: { eventfds: Eventfds, intx: Intx },
      processes: 3,
      protocols: [unmaskWorker, askUnmask, dropTrigger],
      machine: (root): IntxTrigger => root,
      start(m, spawn) {
        m.intx.asserts = 1;
        m.intx.trigger = m.eventfds.alloc();
        spawn(unmaskWorker);
        spawn(askUnmask);
        spawn(dropTrigger);
      },
      properties: [
        quiescent('the eventfd is put once', (m) => m.eventfds.count() === 0),
        sometimes('the guest is told again', (m) => m.eventfds.slot(0).count === 1),
      ],
    }),
});
