// An eventfd is written while its irqfd is deassigned and the routing table replaced. Linux: virt/kvm/eventfd.c irqfd_wakeup, kvm_irq_routing_update; virt/kvm/irqchip.c kvm_set_irq_routing.

import { struct, u1, type View } from '../arena/index.ts';
import { defineFamily, defineModel, lock, propertiesOn, protocolsOn, type Srcu, srcu } from '../protocol/index.ts';

/** `table` and `route` are generations: 0 the old routing table, 1 the new one. `returned`: KVM_SET_GSI_ROUTING is done. `late` is a ghost. */
const Irqfd = struct('irqfd', { active: u1, route: u1 });
const Kvm = struct('kvm', { irqfdsLock: lock, table: u1, returned: u1, late: u1, injected: u1 });

/** An irqfd's copy of its route, and the table. */
export interface IrqfdRoute {
  readonly irqfd: View<typeof Irqfd>;
  readonly kvm: View<typeof Kvm>;
  readonly irqSrcu: Srcu;
}

const { protocol } = protocolsOn<IrqfdRoute>();
const { always, never, sometimes } = propertiesOn<IrqfdRoute>();

/** irqfd_wakeup, whose waiter may still be under way when the irqfd is gone from the list: an inactive irqfd's copy is not to be used (b4d37cdb77a0). */
export const wakeup = protocol('irqfd_wakeup', { section: u1, route: u1 }, (p) => ({
  ...p.reading('irq_srcu', (m) => m.irqSrcu, 'section', {
    copyRoute(m, f) {
      f.route = m.irqfd.route;
    },
    isActive: (m) => (m.irqfd.active === 1 ? 'inject' : undefined),
    useTable(m, f) {
      f.route = m.kvm.table;
    },
    inject(m, f) {
      m.kvm.injected = 1;
      if (m.kvm.returned === 1 && f.route === 0) m.kvm.late = 1;
    },
  }),
}));

/** The VMM takes the irqfd away. */
export const deactivate = protocol('kvm_irqfd_deassign', {}, (p) => ({
  ...p.locked('irqfds', (m) => m.kvm.irqfdsLock, {
    deactivate(m) {
      m.irqfd.active = 0;
    },
  }),
}));

/** KVM_SET_GSI_ROUTING: table, active irqfds, then a grace period for those who still use the old one. */
export const setRouting = protocol('kvm_set_irq_routing', { old: u1 }, (p) => ({
  ...p.locked('irqfds', (m) => m.kvm.irqfdsLock, {
    setTable(m) {
      m.kvm.table = 1;
    },
    updateActive(m) {
      if (m.irqfd.active === 1) m.irqfd.route = 1;
    },
  }),
  ...p.synchronize('irq_srcu', (m) => m.irqSrcu, 'old'),
  return(m) {
    m.kvm.returned = 1;
  },
}));

const copyIsCurrent = ({ irqfd, kvm }: IrqfdRoute): boolean =>
  irqfd.active === 0 || kvm.irqfdsLock.holder !== 0 || irqfd.route === kvm.table;

/** One write, one deassign, one new table. */
export const irqfdRoute = defineFamily({
  name: 'irqfd-route',
  summary: 'irqfd: an event under way meets an irqfd that was deassigned before the routing table changed',
  scope: {},
  build: () =>
    defineModel({
      name: 'irqfd-route',
      layout: { irqfd: Irqfd, kvm: Kvm, irqSrcu: srcu },
      processes: 3,
      protocols: [wakeup, deactivate, setRouting],
      machine: (root): IrqfdRoute => root,
      start(m, spawn) {
        m.irqfd.active = 1;
        spawn(wakeup);
        spawn(deactivate);
        spawn(setRouting);
      },
      properties: [
        never('an event uses a routing table that was replaced before it', (m) => m.kvm.late === 1, {
          consequence: 'an interrupt arrives at a vector that the VMM has already given to another device',
        }),
        always("an active irqfd has the table's route", copyIsCurrent),
        sometimes(
          'the irqfd is deassigned before the table is replaced',
          (m) => m.irqfd.active === 0 && m.kvm.table === 0,
        ),
        sometimes(
          'an event is injected after the table was replaced',
          (m) => m.kvm.returned === 1 && m.kvm.injected === 1,
        ),
      ],
    }),
});
