// An IRTE that posts, its irqfd, and the route both follow: routing updates, deassign and shutdown against vCPUs that use the IRTE's list.
// Linux: virt/kvm/eventfd.c kvm_irq_routing_update, irqfd_deactivate, irqfd_shutdown; arch/x86/kvm/irq.c kvm_arch_irq_bypass_del_producer, kvm_pi_update_irte.

import { handle, pool, struct, u1, u8, type View, type ViewOf } from '../arena/index.ts';
import {
  assert,
  BLOCKED,
  DONE,
  defineFamily,
  defineModel,
  lock,
  propertiesOn,
  protocolsOn,
} from '../protocol/index.ts';

/** What the GSI is routed to. */
export const ROUTED = { NOWHERE: 0, MSI: 1, PIN: 2 } as const;

/** An irqfd with bypass: its copy of the route, whether it is active, whether its producer is connected. */
const Irqfd = struct('irqfd', { route: u8, active: u1, producer: u1 });
const Irqfds = pool(Irqfd, 1);
/** irqfds.lock, the routing table's entry, the assigned irqfd, the IRTE (posted or in host mode), the irqfd on the vCPU's list, shutdown work. */
const Kvm = struct('kvm', { irqfdsLock: lock, route: u8, irqfd: handle, posted: u1, onList: handle, shutdown: handle });

/** One GSI with a passed-through MSI behind it. */
export interface BypassRoute {
  readonly irqfds: ViewOf<typeof Irqfds>;
  readonly kvm: View<typeof Kvm>;
}

const { protocol } = protocolsOn<BypassRoute>();
const { always, quiescent, sometimes } = propertiesOn<BypassRoute>();

/** kvm_pi_update_irte: posts for a single MSI, else host mode; the irqfd is on the vCPU's list while it posts. */
export function updateIrte(m: BypassRoute, irqfd: number, route: number): void {
  m.kvm.posted = route === ROUTED.MSI ? 1 : 0;
  m.kvm.onList = m.kvm.posted === 1 ? irqfd : 0;
}

/** KVM_SET_GSI_ROUTING, `left` times: table and active irqfds change under irqfds.lock, and the IRTE with them whatever the new route is (9bcac97dc42d). */
export const routingUpdate = protocol('kvm_irq_routing_update', { route: u8, left: u8 }, (p) => ({
  choose: p.choose(2, (_m, f, _self, choice) => {
    if (f.left === 0) return DONE;
    f.route = choice === 0 ? ROUTED.MSI : ROUTED.PIN;
    f.left--;
    return undefined;
  }),
  ...p.locked('irqfds', (m) => m.kvm.irqfdsLock, {
    setTable(m, f) {
      m.kvm.route = f.route;
      return m.kvm.irqfd === 0 ? 'unlock irqfds' : undefined;
    },
    copyRoute(m, f) {
      m.irqfds.at(m.kvm.irqfd).route = f.route;
    },
    updateIrte(m, f) {
      const { irqfd } = m.kvm;
      if (m.irqfds.at(irqfd).producer === 1) updateIrte(m, irqfd, f.route);
    },
  }),
  again: () => 'choose',
}));

/** KVM_IRQFD with DEASSIGN: irqfd_deactivate under irqfds.lock. The route stays as it is: shutdown needs it (b4d37cdb77a0). */
export const deassign = protocol('kvm_irqfd_deassign', {}, (p) => ({
  ...p.locked('irqfds', (m) => m.kvm.irqfdsLock, {
    deactivate({ kvm, irqfds }) {
      irqfds.at(kvm.irqfd).active = 0;
      kvm.shutdown = kvm.irqfd;
      kvm.irqfd = 0;
    },
  }),
}));

/** irqfd_shutdown on the cleanup workqueue: unregisters the consumer, which gives the IRTE back to the host, and frees. */
export const shutdown = protocol('irqfd_shutdown', { irqfd: handle }, (p) => ({
  wait: p.idle((m, f) => {
    if (m.kvm.shutdown === 0) return BLOCKED;
    f.irqfd = m.kvm.shutdown;
    m.kvm.shutdown = 0;
    return undefined;
  }),
  ...p.locked('irqfds', (m) => m.kvm.irqfdsLock, {
    disconnect: (m, f) => {
      m.irqfds.at(f.irqfd).producer = 0;
    },
    isMsi: (m, f) => (m.irqfds.at(f.irqfd).route === ROUTED.MSI ? undefined : 'unlock irqfds'),
    hostMode: (m, f) => updateIrte(m, f.irqfd, ROUTED.NOWHERE),
  }),
  free(m, f) {
    assert(m.irqfds.at(f.irqfd).producer === 0, 'an irqfd is freed with its producer connected');
    m.irqfds.free(f.irqfd);
  },
}));

/** A vCPU is loaded `left` times: it follows its list of IRTEs (avic_update_iommu_vcpu_affinity). */
export const loadVcpu = protocol('avic_vcpu_load', { left: u8 }, () => ({
  walkList(m, f) {
    if (m.kvm.onList !== 0) m.irqfds.at(m.kvm.onList);
    if (f.left === 0) return DONE;
    f.left--;
    return 'walkList';
  },
}));

/** Nobody is changing routes; the irqfd that is assigned decides. */
function postsAsRouted({ kvm, irqfds }: BypassRoute): boolean {
  if (kvm.posted === 0 || kvm.irqfdsLock.holder !== 0) return true;
  return kvm.irqfd === 0 ? kvm.onList !== 0 && irqfds.isLive(kvm.onList) : kvm.route === ROUTED.MSI;
}

const copyIsCurrent = ({ kvm, irqfds }: BypassRoute): boolean =>
  kvm.irqfd === 0 || kvm.irqfdsLock.holder !== 0 || irqfds.at(kvm.irqfd).route === kvm.route;

/** The route of a posted interrupt changes while its irqfd is taken away. */
export const bypassRoute = defineFamily({
  name: 'bypass-route',
  summary: 'irq bypass: the route of a posted interrupt changes while its irqfd is taken away',
  scope: {
    updates: { says: 'changes of the route', default: 1, min: 0, max: 2 },
    loads: { says: 'times the vCPU is loaded', default: 1, min: 0, max: 3 },
  },
  build: ({ updates, loads }) =>
    defineModel({
      name: 'bypass-route',
      layout: { irqfds: Irqfds, kvm: Kvm },
      processes: 4,
      protocols: [routingUpdate, deassign, shutdown, loadVcpu],
      machine: (root): BypassRoute => root,
      start(m, spawn) {
        const irqfd = m.irqfds.alloc();
        Object.assign(m.irqfds.at(irqfd), { route: ROUTED.MSI, active: 1, producer: 1 });
        Object.assign(m.kvm, { route: ROUTED.MSI, irqfd });
        updateIrte(m, irqfd, ROUTED.MSI);
        spawn(routingUpdate, { left: updates });
        spawn(deassign);
        spawn(shutdown);
        spawn(loadVcpu, { left: loads });
      },
      properties: [
        always('an IRTE posts only what is routed as an MSI', postsAsRouted, {
          consequence: 'the device interrupts the guest by a route that is gone, even after the VM is destroyed',
        }),
        quiescent('an IRTE without irqfd is in host mode', ({ kvm }) => kvm.posted === 0, {
          consequence: "the IOMMU writes into memory that is no longer the guest's",
        }),
        always("an active irqfd has the table's route", copyIsCurrent),
        quiescent('an irqfd that was taken away is freed', (m) => m.irqfds.count() === 0),
        sometimes('the route is a pin while the irqfd lives', ({ kvm }) => kvm.route === ROUTED.PIN && kvm.irqfd !== 0),
      ],
    }),
});
