// KVM_SET_GSI_ROUTING: publish the new table, refresh every irqfd, wait for the readers of the old one. Linux: virt/kvm/irqchip.c.

import { u8, u16 } from '../arena/index.ts';
import { BLOCKED, protocolsOn } from '../protocol/index.ts';
import { ROUTE } from './arch.ts';
import { beginRouteWrite, endRouteWrite } from './irqfd-list.ts';
import type { Irqfd } from './layout.ts';
import type { KvmParts, KvmWorld } from './world.ts';

const { protocol } = protocolsOn<KvmWorld>();

/** What a refreshed snapshot means for the IOMMU of an irqfd with a producer. */
const IRTE = { KEEP: 0, FOLLOW: 1, RESTORE: 2 } as const;

/** Compares snapshot and new route. Only the message counts, with its sender: two routes that are not MSI are the same to the IOMMU. */
function effectOnIrte(k: KvmParts, irqfd: Irqfd): number {
  const { route: old } = irqfd;
  const index = k.routing.sole(irqfd.gsi);
  const route = index === 0 ? null : k.routing.entry(k.state.table, index);
  if (route === null || route.type !== ROUTE.MSI)
    return old.type === ROUTE.MSI && k.profile.tellsIommuOfNonMsi ? IRTE.RESTORE : IRTE.KEEP;
  const same =
    old.type === ROUTE.MSI &&
    old.addressLo === route.addressLo &&
    old.addressHi === route.addressHi &&
    old.data === route.data &&
    old.devid === route.devid &&
    old.flags === route.flags;
  return same ? IRTE.KEEP : IRTE.FOLLOW;
}

/** kvm_arch_update_irqfd_routing, for an irqfd whose device may post; true if it has to be waited for. A failure is only logged. */
function tellIommu(k: KvmParts, handle: number, effect: number): boolean {
  const irqfd = k.state.irqfds.at(handle);
  if (irqfd.producer === 0 || effect === IRTE.KEEP) return false;
  const route = effect === IRTE.FOLLOW ? irqfd.route : null;
  const { startUpdateIrte, updateIrte } = k.arch();
  if (startUpdateIrte !== undefined) return startUpdateIrte(handle, irqfd.hostIrq, route);
  updateIrte(handle, irqfd.hostIrq, route);
  return false;
}

/** Replaces the routing table by one that {@link Routing.build} made. */
export const kvmSetIrqRouting = protocol(
  'kvm_set_irq_routing',
  { vm: u8, old: u8, effect: u8, table: u16, oldTable: u16, irqfd: u16 },
  (p) => ({
    ...p.locked('irq', (m, f) => m.kvms[f.vm].state.irqLock, {
      publish(m, f) {
        const { state } = m.kvms[f.vm];
        f.oldTable = state.table;
        state.table = f.table;
      },
      ...p.locked('irqfds', (m, f) => m.kvms[f.vm].state.irqfdsLock, {
        firstIrqfd(m, f) {
          f.irqfd = m.kvms[f.vm].state.items;
        },
        writeType(m, f) {
          if (f.irqfd === 0) return 'unlock irqfds';
          const k = m.kvms[f.vm];
          const irqfd = k.state.irqfds.at(f.irqfd);
          f.effect = effectOnIrte(k, irqfd);
          beginRouteWrite(k, irqfd);
          return undefined;
        },
        writeMessage(m, f) {
          const k = m.kvms[f.vm];
          endRouteWrite(k, k.state.irqfds.at(f.irqfd));
        },
        tellIommu: (m, f) => (tellIommu(m.kvms[f.vm], f.irqfd, f.effect) ? undefined : 'nextIrqfd'),
        awaitIommu: (m, f) => (m.kvms[f.vm].state.irqfds.at(f.irqfd).irteBusy === 1 ? BLOCKED : undefined),
        nextIrqfd(m, f) {
          f.irqfd = m.kvms[f.vm].state.irqfds.at(f.irqfd).next;
          return 'writeType';
        },
      }),
      tellArch: (m, f) => m.kvms[f.vm].arch().routingUpdated(),
    }),
    ...p.synchronize('irq_srcu', (m, f) => m.kvms[f.vm].state.irqSrcu, 'old'),
    freeOld(m, f) {
      if (f.oldTable !== 0) m.kvms[f.vm].state.tables.free(f.oldTable);
    },
  }),
);
