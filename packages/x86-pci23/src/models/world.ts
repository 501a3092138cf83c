// The machine of the models: one VM with one pin, functions of the host on one line, and the processes around them.

import { u1, u8 } from '@virq/irq-core/arena';
import { SPURIOUS_OFF } from '@virq/irq-core/host';
import type { Machine, MachineOptions } from '@virq/irq-core/machine';
import { type AnyProtocol, BLOCKED, DONE, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';
import type { DeviceSpec } from '@virq/irq-core/vfio';
import type { Assignment } from '../assignment.ts';
import { legacyAssignment } from '../part.ts';
import type { kvmSetPciIrqMask } from '../protocols/guest-mask.ts';
import type { AssignWorld } from '../world.ts';
import { type GuestPin, guestPin } from './guest-pin.ts';

/** The machine as the agents and properties of the models see it. */
export type IntxWorld = Machine & AssignWorld;

/** Linux irq of the one line. */
export const LINE = 1;
/** The assigned function, and one that a driver of the host has. */
export const NIC = 0;
export const NEIGHBOUR = 1;

const { protocol } = protocolsOn<IntxWorld>();

/** The part of the machine that assigns devices. */
export const assignOf = (m: IntxWorld): Assignment => m.parts.assign;
/** The chip of the one guest. */
export const guestOf = (m: IntxWorld): GuestPin => m.vms[0]?.chip as GuestPin;

/** A function that has something to say up to `left` times, each time when it has been served. */
export const device = protocol('device', { device: u8, left: u8 }, (p) => ({
  stop: p.choose(2, (_m, f, _self, choice) => (choice === 0 || f.left === 0 ? DONE : undefined)),
  assert(m, f) {
    if (m.pci.state.functions.at(f.device).pending === 1) return BLOCKED;
    f.left--;
    m.pci.assert(f.device);
    return 'stop';
  },
}));

/** The guest's driver of the assigned function: it serves the device, then ends the interrupt. */
export const guestDriver = protocol('guest driver', {}, (p) => ({
  take: p.idle((m) => (guestOf(m).isHigh() ? undefined : BLOCKED)),
  serve: (m) => m.pci.deassert(NIC),
  eoi: (m) => guestOf(m).eoi(),
  ended: (m) => (assignOf(m).intx.device(NIC).acks > 0 ? BLOCKED : 'take'),
}));

/** The VMM passes on that the guest has set DisINTx, and that it has cleared it. PCI_2_3 is what it asked for, not what it got. */
export const vmmSetsIntxMask = (ioctl: typeof kvmSetPciIrqMask) =>
  protocol('VMM', { device: u8, masked: u1, pci23: u1, reassert: u1 }, (p) => ({
    change(_m, f) {
      f.masked = 1 - f.masked;
    },
    ...p.include('ioctl', ioctl),
    again: (_m, f) => (f.masked === 1 ? 'change' : DONE),
  }));

/** A driver of the host takes the function beside it, lets go, takes it again: `turns` times the line becomes shared or exclusive. */
export const hostDriver = protocol('host driver', { turns: u8 }, () => ({
  bind: (m) => void m.vfio.open(NEIGHBOUR),
  bound(m, f) {
    if (isSwitching(m)) return BLOCKED;
    f.turns--;
    return f.turns === 0 ? DONE : undefined;
  },
  unbind: (m) => m.vfio.close(NEIGHBOUR),
  gone(m, f) {
    if (isSwitching(m)) return BLOCKED;
    f.turns--;
    return f.turns === 0 ? DONE : 'bind';
  },
}));

const isSwitching = (m: IntxWorld): boolean => assignOf(m).intx.device(NIC).switches > 0;

/** What the models differ in. */
export interface IntxMachine {
  readonly devices: readonly DeviceSpec[];
  readonly agents: readonly AnyProtocol<never>[];
  readonly processes: number;
  readonly onDemand?: boolean;
}

/** Options of the machine of a model. The detector of spurious interrupts is off: its counters would make every storm a state of its own. */
export const intxMachine = ({ devices, agents, processes, onDemand }: IntxMachine): MachineOptions => ({
  vms: [{ backend: guestPin, limits: { gsis: 1, routes: 1, irqfds: 1, vcpus: 1 } }],
  devices,
  parts: [legacyAssignment as never],
  host: { intx_masking: onDemand === true ? 'on-demand' : 'always-device', set_intx_mask: 'stored' },
  limits: { eventfds: 1, processes, irqs: LINE + 1, bypass: 1 },
  spurious: SPURIOUS_OFF,
  agents: agents as unknown as readonly AnyProtocol<Machine>[],
});

/** Assigns the first function with INTx on both sides. The VMM asks for PCI_2_3 and need not get it. */
export function assign(m: IntxWorld): void {
  const part = assignOf(m);
  part.assignDevice(0, { device: NIC, id: NIC, flags: 3, mayAccess: true });
  part.assignIrq(0, { id: NIC, flags: 0x101, gsi: 0 });
}

const { always, quiescent, sometimes } = propertiesOn<IntxWorld>();

const nic = (m: IntxWorld) => assignOf(m).intx.device(NIC);
const isPending = (m: IntxWorld, i: number): boolean => m.pci.state.functions.at(i).pending === 1;

/** Holds unless the guest masks its interrupt: a thread that is late may then raise the pin once more, which is one spurious interrupt. */
export const PIN_MEANS_MASK = always(
  "the guest's pin is high only while the interrupt is masked",
  (m) => !guestOf(m).isHigh() || nic(m).hostIrqDisabled === 1,
  {
    consequence:
      'the guest ends an interrupt that is not masked, and the next one comes while it is handling the first',
  },
);

/** What must hold of the assigned function in every model. */
export const PROMISES = [
  ...legacyPromises(),
  always(
    "the guest's pin is low while the guest masks it",
    (m) => nic(m).intxMaskLock.holder !== 0 || nic(m).guestMasked === 0 || !guestOf(m).isHigh(),
  ),
  quiescent(
    'no device asserts while its interrupt is masked',
    (m) => !isPending(m, NIC) || nic(m).hostIrqDisabled === 0,
    { consequence: 'the device is mute: nobody will unmask it' },
  ),
  quiescent('every assertion is heard', (m) => !isPending(m, NIC)),
  quiescent('nothing is masked in the end', (m) => !m.pci.isMasked(NIC) && m.host.state.irqs.at(LINE).depth === 0, {
    consequence: 'the next interrupt of the device, or of those that share its line, is not heard',
  }),
  sometimes('the interrupt is masked', (m) => nic(m).hostIrqDisabled === 1),
  sometimes("the guest's pin is high", (m) => guestOf(m).isHigh()),
];

function legacyPromises() {
  return legacyAssignment.properties.map(({ name, holds, ...rest }) =>
    always(name, (m) => holds(assignOf(m)), 'consequence' in rest ? { consequence: String(rest.consequence) } : {}),
  );
}
