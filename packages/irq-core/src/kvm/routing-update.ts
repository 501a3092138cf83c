// KVM_SET_GSI_ROUTING: publish the new table, refresh every irqfd, wait for the readers of the old one. Linux: virt/kvm/irqchip.c.

import { u8, u16 } from '../arena/index.ts';
import { protocolsOn } from '../protocol/index.ts';
import { ROUTE } from './arch.ts';
import { refreshRoute } from './irqfd-list.ts';
import type { Irqfd } from './layout.ts';
import type { KvmParts, KvmWorld } from './world.ts';

const { protocol } = protocolsOn<KvmWorld>();

/** kvm_irq_routing_update for one irqfd: refresh the snapshot, and tell the IOMMU if it is posted. */
function updateIrqfd(k: KvmParts, handle: number, irqfd: Irqfd): void {
  const wasMsi = irqfd.route.type === ROUTE.MSI;
  refreshRoute(k, irqfd);
  if (irqfd.producer === 0) return;
  const isMsi = irqfd.route.type === ROUTE.MSI;
  if (isMsi || (wasMsi && k.profile.tellsIommuOfNonMsi))
    k.arch().updateIrte(handle, irqfd.hostIrq, isMsi ? irqfd.route : null);
}

/** Replaces the routing table by one that {@link Routing.build} made. */
export const kvmSetIrqRouting = protocol(
  'kvm_set_irq_routing',
  { vm: u8, old: u8, table: u16, oldTable: u16, irqfd: u16 },
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
        refreshIrqfd(m, f) {
          if (f.irqfd === 0) return 'unlock irqfds';
          const k = m.kvms[f.vm];
          const irqfd = k.state.irqfds.at(f.irqfd);
          updateIrqfd(k, f.irqfd, irqfd);
          f.irqfd = irqfd.next;
          return 'refreshIrqfd';
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
