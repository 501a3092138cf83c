// A vLPI becomes an LPI again, injected by software. Linux: arch/arm64/kvm/vgic/vgic-v4.c kvm_vgic_v4_unset_forwarding.

import { type Combinators, DONE, type Outcome, protocolsOn } from '@virq/irq-core/protocol';
import {
  FORWARDING_LOCALS,
  type ForwardingFrame,
  findIts,
  irqLockOf,
  itsLockOf,
  resolveLpi,
} from './set-forwarding.ts';
import { gicOf, kvmOf, lpiOf, type V4Machine, v4Of } from './world.ts';

const { protocol } = protocolsOn<V4Machine>();

/** What was pending for the guest in hardware is gone with the mapping. */
function unmap(m: V4Machine, f: ForwardingFrame): void {
  const irq = lpiOf(m, f);
  if (irq.hw === 0) return;
  const { its, vpes, indexOf } = gicOf(v4Of(m, f));
  vpes.at(indexOf(f.vm, irq.target - 1)).vlpis--;
  irq.hw = 0;
  its.unmapVlpi(f.hostIrq);
}

/** __vgic_host_irq_get_vlpi: a walk over all LPIs of the VM under RCU, which takes a reference. */
function findByHostIrq(m: V4Machine, f: ForwardingFrame): typeof DONE | undefined {
  const v4 = v4Of(m, f);
  f.lpi = v4.isDirect() ? v4.forwardedTo(f.hostIrq) : 0;
  if (f.lpi === 0) return DONE;
  v4.its.lpis.hold(f.lpi);
  return undefined;
}

const put = (m: V4Machine, f: ForwardingFrame): void => v4Of(m, f).its.lpis.put(f.lpi);

/** 6.16 and later: found by the host irq, without its_lock. */
export const unsetForwarding = protocol(
  'kvm_vgic_v4_unset_forwarding',
  FORWARDING_LOCALS,
  (p: Combinators<V4Machine, ForwardingFrame>) => ({
    findByHostIrq,
    ...p.spinlocked('lpi', irqLockOf, { unmap }),
    put,
  }),
);

/** Up to 6.15: through the route as it is now. A mapping that the guest has changed meanwhile leads to another LPI, or to none, and the event stays forwarded. */
export const unsetForwardingByRoute = protocol(
  'kvm_vgic_v4_unset_forwarding (6.12)',
  FORWARDING_LOCALS,
  (p: Combinators<V4Machine, ForwardingFrame>) => ({
    findIts,
    ...p.locked('its', itsLockOf, {
      resolveLpi: (m, f): Outcome<'unlock its'> => resolveLpi(m, f),
      unmap,
    }),
  }),
);

/** The irqfd that waits goes on. */
function answer(m: V4Machine, f: ForwardingFrame): void {
  kvmOf(m, f).state.irqfds.at(f.irqfd).irteBusy = 0;
}

/** A path with its answer to an irqfd that waits for it. */
export const answering = (name: string, path: typeof unsetForwarding) =>
  protocol(name, FORWARDING_LOCALS, (p: Combinators<V4Machine, ForwardingFrame>) => ({
    ...p.include('path', path as never),
    answer,
  }));
