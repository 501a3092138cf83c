// The least guest that can take a level interrupt: one pin, the wired OR of its sources, and an EOI. Linux: irq_states of an IOAPIC pin (arch/x86/kvm/ioapic.h).

import { bits, struct, type View } from '@virq/irq-core/arena';
import { type AnyBackend, defineBackend, SPEC_VERSION, type VmChip } from '@virq/irq-core/backend';
import { EINVAL, EWOULDBLOCK } from '@virq/irq-core/errors';
import { type Kvm, ROUTE } from '@virq/irq-core/kvm';

const Pin = struct('pin', { sources: bits(8) });

/** The chip of a VM with one pin, GSI 0. */
export interface GuestPin extends VmChip {
  readonly state: View<typeof Pin>;
  isHigh(): boolean;
  /** The guest ends its interrupt: kvm_notify_acked_irq. */
  eoi(): void;
}

function attach(kvm: Kvm, state: View<typeof Pin>): GuestPin {
  const route = {
    gsi: 0,
    type: ROUTE.IRQCHIP,
    flags: 0,
    irqchip: 0,
    pin: 0,
    addressLo: 0,
    addressHi: 0,
    data: 0,
    devid: 0,
  };
  return {
    state,
    isHigh: () => state.sources !== 0,
    eoi: () => kvm.notifyAckedIrq(0, 0),
    installDefaults: () => void kvm.setGsiRouting([route], 0),
    arch: {
      canSetIrqRouting: () => true,
      intcInitialized: () => true,
      irqfdAllowed: () => true,
      setRoutingEntry(input, out) {
        if (input.type !== ROUTE.IRQCHIP || input.pin !== 0) return -EINVAL;
        Object.assign(out, { type: input.type, irqchip: 0, pin: 0 });
        return 0;
      },
      setIrq(_route, source, level) {
        state.sources = level === 1 ? state.sources | (1 << source) : state.sources & ~(1 << source);
        return 1;
      },
      setIrqInatomic: () => -EWOULDBLOCK,
      signalMsi: () => -EINVAL,
      routingUpdated: () => undefined,
      ackNotifiersUpdated: () => undefined,
      clearSource(source) {
        state.sources &= ~(1 << source);
      },
      updateIrte: () => 0,
    },
  };
}

/** A backend of one pin, for models of what is on the host's side of it. */
export const guestPin = defineBackend({
  specVersion: SPEC_VERSION,
  name: 'guest-pin',
  arch: 'x86',
  summary: 'one level-triggered pin',
  irqchips: { count: 1, pins: 1 },
  layout: () => Pin,
  attach: ({ kvm }, state) => attach(kvm, state),
  registers: [],
  protocols: [],
  properties: [],
  vocabulary: { vm: {}, operations: {}, observe: {}, observeDefault: [] },
  events: {},
  inspect: () => [],
}) as unknown as AnyBackend;
