// A hardware source is handed to a guest with P set although nothing is in flight, and the guest's driver synchronises before it enables.
// Linux: arch/powerpc/sysdev/xive/common.c xive_irq_set_vcpu_affinity (host), xive_get_irqchip_state (guest); kernel/irq/manage.c __synchronize_irq.

import { struct, u1, u8, type ViewOf } from '@virq/irq-core/arena';
import { BLOCKED, DONE, defineFamily, defineModel, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';

/** The ESB of the source (P and Q), and how many entries the event queue holds for it. */
const Source = struct('source', { p: u1, q: u1, queued: u8 });
/** The guest's view: the interrupt is requested, disabled, handled; the device has raised it. */
const Irq = struct('irq', { mapped: u1, disabled: u1, raised: u1, handled: u1 });

/** One hardware source and the guest's interrupt behind it. */
export interface Handover {
  readonly source: ViewOf<typeof Source>;
  readonly irq: ViewOf<typeof Irq>;
}

const { protocol } = protocolsOn<Handover>();
const { always, quiescent, sometimes } = propertiesOn<Handover>();

/** An event at the source: PQ 00 → 10 and an entry; 10 → 11. */
function trigger({ source }: Handover): void {
  if (source.p === 1) source.q = 1;
  else {
    source.p = 1;
    source.queued++;
  }
}

/** ESB load that ends an interrupt: PQ 10 → 00, 11 → 10 and another entry. */
function endOfInterrupt({ source }: Handover): void {
  if (source.q === 1) source.queued++;
  else source.p = 0;
  source.q = 0;
}

/**
 * The host gives the source away: PQ := 10, "masked, perhaps in flight". In XIVE native mode guest_priority is never set, so kvmppc_xive_set_mapped
 * does not end it either: the guest gets P = 1 with no entry in any queue.
 */
export const handOver = protocol('xive_irq_set_vcpu_affinity', {}, () => ({
  maskToPending(m) {
    m.source.p = 1;
  },
  mapped(m) {
    m.irq.mapped = 1;
  },
}));

/** xive_get_irqchip_state(IRQCHIP_STATE_ACTIVE) in the guest: a disabled interrupt is not in flight (6f779e1d359b). */
export const isInFlight = ({ source, irq }: Handover): boolean => irq.disabled === 0 && source.p === 1;

/** A driver at probe time: requests its MSI disabled, calls synchronize_irq, enables it. */
export const probe = protocol('driver probe, synchronize_irq', {}, () => ({
  request: (m) => (m.irq.mapped === 0 ? BLOCKED : undefined),
  synchronize: (m) => (isInFlight(m) ? BLOCKED : undefined),
  enable(m) {
    m.irq.disabled = 0;
    m.source.p = 0;
    if (m.source.q === 1) trigger(m);
    m.source.q = 0;
  },
}));

/** The device raises its interrupt once it is mapped. */
export const raise = protocol('device', {}, (p) => ({
  raise: p.choose(2, (m, _f, _self, choice) => {
    if (choice === 0) return DONE;
    if (m.irq.mapped === 0) return BLOCKED;
    m.irq.raised = 1;
    trigger(m);
    return undefined;
  }),
}));

/** The guest takes entries from its queue while the interrupt is enabled. */
export const handle = protocol('guest handler', {}, (p) => ({
  take: p.idle((m) => {
    if (m.source.queued === 0) return BLOCKED;
    m.source.queued--;
    m.irq.handled = 1;
    return undefined;
  }),
  end(m) {
    endOfInterrupt(m);
    return 'take';
  },
}));

/** A passed-through MSI is handed to a guest whose driver probes the device. */
export const xiveHandover = defineFamily({
  name: 'xive-handover',
  summary: 'XIVE: a passed-through MSI is handed to a guest whose driver synchronises before it enables',
  scope: {},
  build: () =>
    defineModel({
      name: 'xive-handover',
      layout: { source: Source, irq: Irq },
      processes: 4,
      protocols: [handOver, probe, raise, handle],
      machine: (root): Handover => root,
      start(m, spawn) {
        m.irq.disabled = 1;
        for (const p of [handOver, probe, raise, handle]) spawn(p);
      },
      properties: [
        always('a source has one entry in the queue at most', (m) => m.source.queued < 2),
        quiescent('what the device raised is handled', ({ irq }) => irq.raised === 0 || irq.handled === 1, {
          consequence: 'the device waits for a driver that was never told',
        }),
        quiescent('no source that is enabled is left pending', (m) => m.source.p === 0 || m.irq.disabled === 1),
        sometimes('an interrupt is handled', (m) => m.irq.handled === 1),
        sometimes('an event is latched in Q', (m) => m.source.q === 1),
      ],
    }),
});
