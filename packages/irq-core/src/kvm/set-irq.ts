// kvm_set_irq, step by step: copy the routes inside the SRCU section, deliver after leaving it. Linux: virt/kvm/irqchip.c.

import { u1, u8, u16, u32 } from '../arena/index.ts';
import { BLOCKED, DONE, protocolsOn } from '../protocol/index.ts';
import { RoutingEntry } from './layout.ts';
import { copyRoute } from './routing.ts';
import type { KvmParts, KvmWorld } from './world.ts';

const { protocol } = protocolsOn<KvmWorld>();

/** Locals of {@link kvmSetIrq}: arguments, the copied routes (KVM_NR_IRQCHIPS is 3), and the next one to deliver. */
export const SET_IRQ_LOCALS = {
  vm: u8,
  source: u8,
  level: u1,
  gsi: u32,
  section: u8,
  count: u8,
  next: u8,
  route0: RoutingEntry,
  route1: RoutingEntry,
  route2: RoutingEntry,
  table: u16,
  irqfd: u16,
} as const;

type Frame = { route0: RoutingEntry; route1: RoutingEntry; route2: RoutingEntry };
const routeAt = (f: Frame, i: number): RoutingEntry => (i === 0 ? f.route0 : i === 1 ? f.route1 : f.route2);

/** Injection with the window that the kernel has: a route copied before an update is delivered after it, to the old target. */
export const kvmSetIrq = protocol('kvm_set_irq', SET_IRQ_LOCALS, (p) => ({
  ...p.reading('irq_srcu', (m, f) => m.kvms[f.vm].state.irqSrcu, 'section', {
    loadTable(m, f) {
      const { state, trace } = m.kvms[f.vm];
      if (trace.on && m.kvms[f.vm].arch().setGsi === undefined)
        trace.emit('kvm_set_irq', { gsi: f.gsi, level: f.level, source: f.source });
      f.table = state.table;
    },
    copyRoutes(m, f) {
      const { routing } = m.kvms[f.vm];
      f.next = f.count = 0;
      for (let i = routing.first(f.table, f.gsi); i !== 0; i = routing.entry(f.table, i).next)
        copyRoute(routeAt(f, f.count++), routing.entry(f.table, i));
    },
  }),
  deliver(m, f) {
    const { setGsi, setIrq } = m.kvms[f.vm].arch();
    if (setGsi !== undefined) setGsi(f.gsi, f.source, f.level);
    if (f.next === f.count) return DONE;
    if (m.kvms[f.vm].arch().isBusy?.(routeAt(f, f.next)) === true) return BLOCKED;
    setIrq(routeAt(f, f.next++), f.source, f.level, false);
    return 'deliver';
  },
}));

/** Whether {@link KvmParts.setIrq} of a GSI would spin for a lock of the interrupt controller. */
export function isGsiBusy({ arch, routing, state }: KvmParts, gsi: number): boolean {
  const { isBusy } = arch();
  if (isBusy === undefined || state.table === 0) return false;
  for (let i = routing.first(state.table, gsi); i !== 0; i = routing.entry(state.table, i).next)
    if (isBusy(routing.entry(state.table, i))) return true;
  return false;
}
