// Forwarding begins or ends while messages arrive, from the device and from the VMM. Linux: arch/arm64/kvm/vgic/vgic-v4.c kvm_vgic_v4_set_forwarding, kvm_vgic_v4_unset_forwarding.

import { defineMachineModel } from '@virq/irq-core/machine';
import { type AnyProtocol, defineFamily, type Property, propertiesOn } from '@virq/irq-core/protocol';
import { pendingOf } from '../host/host-inspect.ts';
import { INTID } from '../irq/layout.ts';
import { setForwarding, setForwardingCorrected, setForwardingUnlocked } from '../v4/set-forwarding.ts';
import { unsetForwarding, unsetForwardingByRoute, unsetForwardingCorrected } from '../v4/unset-forwarding.ts';
import {
  connecting,
  disconnecting,
  runMixed,
  sendingDevice,
  sendingVmm,
  switchingOff,
  takeInGuest,
} from './v4-agents.ts';
import {
  bindVectors,
  chipOf,
  type Gicv4Machine,
  gicOf,
  HOST_IRQ,
  kernelScope,
  lpiOf,
  messagesOf,
  routeOf,
  smallGicv4,
  spawn,
  startGuest,
} from './v4-machine.ts';

const { always, quiescent, sometimes } = propertiesOn<Gicv4Machine>();

/** Which form of a path: the kernel's from 6.16 on, that up to 6.15, or the corrected one. */
const FORM = { says: '0: as from 6.16 on, 1: as up to 6.15, 2: corrected', default: 0, min: 0, max: 2 } as const;
const SET = [setForwarding, setForwardingUnlocked, setForwardingCorrected] as const;
const UNSET = [unsetForwarding, unsetForwardingByRoute, unsetForwardingCorrected] as const;

/** A list register of a vLPI that ends a physical interrupt with it. */
function hasTiedLr(m: Gicv4Machine): boolean {
  const { lrs, used } = chipOf(m).state.interfaces.at(0);
  for (let n = 0; n < used; n++) if (lrs.at(n).hw === 1 && lrs.at(n).intid >= INTID.LPI) return true;
  return false;
}

const waits = (m: Gicv4Machine): boolean => lpiOf(m).pendingLatch === 1 || pendingOf(gicOf(m), 0).length > 0;

const COMMON: readonly Property<Gicv4Machine>[] = [
  always('nothing is taken that was not sent', (m) => messagesOf(m).taken <= messagesOf(m).sent),
  always('no list register ties a vLPI to a physical interrupt', (m) => !hasTiedLr(m), {
    consequence: "the guest's EOI deactivates an interrupt of the host that is not its own",
  }),
];

const DELIVERED: readonly Property<Gicv4Machine>[] = [
  quiescent('a message that was sent is taken', (m) => messagesOf(m).sent === 0 || messagesOf(m).taken > 0, {
    consequence: 'the driver of the guest waits for an interrupt that its device has sent',
  }),
  quiescent('nothing waits for a vCPU that is in its guest', (m) => !waits(m), { consequence: 'an interrupt is late' }),
];

const machineOf = (kernel: number) => ({ ...smallGicv4({ processes: 6, kernel }), kernel: '6.18' as const });

const MESSAGES = { says: 'messages of the device', default: 2, min: 1, max: 3 } as const;

/** A guest that has taken one message by software, so that its translation is cached. */
function warmUp(m: Gicv4Machine): void {
  const { run, its } = chipOf(m);
  run.enter(0);
  its.msi.inject(routeOf(0));
  run.inside(0, () => undefined);
  takeInGuest(m, 0);
  messagesOf(m).taken = 0;
}

/** set_forwarding beside messages. Translations are cached, so that no message waits for its_lock. */
export const v4Forward = defineFamily({
  name: 'v4-forward',
  summary: 'GICv4: an LPI is forwarded while its device, and the VMM, send',
  scope: {
    form: FORM,
    messages: { ...MESSAGES, min: 0 },
    software: { says: 'messages that the VMM sends by KVM_SIGNAL_MSI', default: 0, min: 0, max: 2 },
    kernel: kernelScope('7.3'),
  },
  build: ({ form, messages, software, kernel }) =>
    defineMachineModel({
      name: 'v4-forward',
      machine: machineOf(kernel),
      paths: [SET[form] as unknown as AnyProtocol<never>],
      agents: (of) => [connecting(of(SET[form] as object)), runMixed, sendingDevice, sendingVmm] as never,
      start(machine, [connect]) {
        const m = machine as Gicv4Machine;
        startGuest(m);
        bindVectors(m, 1, false);
        warmUp(m);
        spawn(m, runMixed);
        spawn(m, sendingDevice, { left: messages });
        if (software > 0) spawn(m, sendingVmm, { left: software });
        spawn(m, connect, { irqfd: 1, hostIrq: HOST_IRQ });
      },
      properties: [
        ...COMMON,
        ...DELIVERED,
        quiescent('the LPI is forwarded', (m) => lpiOf(m).hw === 1 && gicOf(m).its.vlpiOf(HOST_IRQ) !== 0),
        sometimes(
          'a message is taken before the LPI is forwarded',
          (m) => messagesOf(m).taken > 0 && lpiOf(m).hw === 0,
        ),
        sometimes('a message was pending when the LPI was forwarded', (m) => lpiOf(m).hw === 1 && waits(m)),
      ] as never,
    }),
});

/** unset_forwarding beside messages; `off`: the guest switches its LPIs off meanwhile. */
export const v4Unforward = defineFamily({
  name: 'v4-unforward',
  summary: 'GICv4: forwarding ends while the device sends and the guest switches its LPIs off',
  scope: {
    form: FORM,
    messages: MESSAGES,
    off: { says: '1: the guest clears EnableLPIs', default: 0, min: 0, max: 1 },
    kernel: kernelScope('7.3'),
  },
  build: ({ form, messages, off, kernel }) =>
    defineMachineModel({
      name: 'v4-unforward',
      machine: machineOf(kernel),
      paths: [UNSET[form] as unknown as AnyProtocol<never>],
      agents: (of) => [disconnecting(of(UNSET[form] as object)), runMixed, sendingDevice, switchingOff] as never,
      start(machine, [disconnect]) {
        const m = machine as Gicv4Machine;
        startGuest(m);
        bindVectors(m);
        chipOf(m).run.enter(0);
        spawn(m, runMixed);
        spawn(m, sendingDevice, { left: messages });
        if (off === 1) spawn(m, switchingOff);
        spawn(m, disconnect, { irqfd: 1, hostIrq: HOST_IRQ });
      },
      properties: [
        ...COMMON,
        ...(off === 1 ? [] : DELIVERED),
        quiescent("an event that is no longer forwarded is the host's", (m) => gicOf(m).its.vlpiOf(HOST_IRQ) === 0, {
          consequence: 'a device that was taken away from the guest goes on interrupting it',
        }),
        sometimes('a message goes through hardware', (m) => lpiOf(m).hw === 1 && messagesOf(m).taken > 0),
        sometimes('a message goes through software', (m) => lpiOf(m).pendingLatch === 1 && lpiOf(m).hw === 0),
      ] as never,
    }),
});
