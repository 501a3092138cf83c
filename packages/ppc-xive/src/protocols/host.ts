// What the host does beside its VMs: it takes an entry of its queue, and an event finds its way from source to END.

import { u16 } from '@virq/irq-core/arena';
import { BLOCKED, protocolsOn } from '@virq/irq-core/protocol';
import type { PowerHost } from '../host/power-host.ts';

/** A machine as these protocols see it. */
export interface PowerWorld {
  readonly parts: { readonly power: PowerHost };
}

const { protocol } = protocolsOn<PowerWorld>();

/** A host CPU takes a device's interrupt: handler, then EOI under the lock of its descriptor (handle_fasteoi_irq, xive_irq_eoi). */
export const xiveHostIrq = protocol('xive_host_irq', { irq: u16 }, () => ({
  handle: (m, f) => m.parts.power.handle(f.irq),
  eoi(m, f) {
    const { power } = m.parts;
    if (power.irq(f.irq).desc.holder !== 0) return BLOCKED;
    power.eoi(f.irq);
    return undefined;
  },
}));

/** An event on its way; what it finds at its end is what holds then. */
export const xiveEvent = protocol('xive_event', { source: u16 }, () => ({
  arrive(m, f) {
    const { xive } = m.parts.power;
    xive.sources.arrive(f.source);
    xive.router.notify(f.source);
  },
}));

/** Protocols of the host part. */
export const POWER_HOST_PROTOCOLS = { xiveHostIrq, xiveEvent };
