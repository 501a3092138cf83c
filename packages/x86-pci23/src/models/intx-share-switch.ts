// A driver of the host joins and leaves the line of an assigned device while interrupts are in flight: masking moves between line and device.

import { defineMachineModel } from '@virq/irq-core/machine';
import { type AnyProtocol, defineFamily, type Property, propertiesOn } from '@virq/irq-core/protocol';
import { MASKING } from '../layout.ts';
import {
  assign,
  assignOf,
  device,
  guestDriver,
  hostDriver,
  type IntxWorld,
  intxMachine,
  LINE,
  NEIGHBOUR,
  NIC,
  PIN_MEANS_MASK,
  PROMISES,
} from './world.ts';

const { always, quiescent, sometimes } = propertiesOn<IntxWorld>();

const disabled = (m: IntxWorld): boolean => m.host.state.irqs.at(LINE).depth > 0;

const OWN = [
  always(
    'a mask is in one place, except while it moves',
    (m) => assignOf(m).intx.device(NIC).intxLock.holder !== 0 || !disabled(m) || !m.pci.isMasked(NIC),
    { consequence: 'one unmask takes one of the two away' },
  ),
  always(
    'a device that is masked never asserts on an enabled line',
    (m) =>
      assignOf(m).intx.device(NIC).hostIrqDisabled === 0 ||
      m.pci.state.functions.at(NIC).pending === 0 ||
      m.pci.isMasked(NIC) ||
      disabled(m),
    {
      consequence:
        'the driver that has just joined the line sees interrupts that are not its own, as fast as the CPU takes them',
    },
  ),
  quiescent(
    'the driver of the host is served',
    (m) => m.pci.state.functions.at(NEIGHBOUR).pending === 0 || m.host.actions(LINE).length < 2,
  ),
  sometimes('the device is masked by DisINTx', (m) => isMasked(m, MASKING.DEVICE)),
];

/** Witness of the design of 2010. */
const AT_LINE = sometimes('the device is masked by disable_irq', (m) => isMasked(m, MASKING.LINE));

const isMasked = (m: IntxWorld, masking: number): boolean => {
  const d = assignOf(m).intx.device(NIC);
  return d.hostIrqDisabled === 1 && d.masking === masking;
};

const AGENTS = [device, guestDriver, hostDriver];

/** On demand: the design of December 2010. Else what Linux 3.4 has: PCI 2.3 devices are always masked by DisINTx. */
export const intxShareSwitch = defineFamily({
  name: 'intx-share-switch',
  summary:
    'PCI 2.3 INTx masked at the line or at the device: the line becomes shared and exclusive with interrupts in flight',
  scope: {
    assertions: { says: 'times the assigned device asserts', default: 1, min: 1, max: 3 },
    neighbour: { says: 'times the device of the host asserts', default: 0, min: 0, max: 2 },
    on_demand: { says: '1: the line is masked while nobody shares it', default: 1, min: 0, max: 1 },
    turns: { says: 'times the driver of the host joins the line or leaves it', default: 2, min: 1, max: 4 },
  },
  build: ({ assertions, neighbour, on_demand, turns }) =>
    defineMachineModel({
      name: 'intx-share-switch',
      machine: intxMachine({
        devices: [
          { name: 'nic', kind: 'pci', hostIrq: LINE },
          { name: 'disk', kind: 'host', hostIrq: LINE },
        ],
        agents: AGENTS as unknown as readonly AnyProtocol<never>[],
        processes: 10,
        onDemand: on_demand === 1,
      }),
      start(machine) {
        const m = machine as IntxWorld;
        assign(m);
        m.processes.spawn(device as never, { device: NIC, left: assertions } as never);
        m.processes.spawn(guestDriver as never);
        m.processes.spawn(hostDriver as never, { turns } as never);
        if (neighbour > 0) m.processes.spawn(device as never, { device: NEIGHBOUR, left: neighbour } as never);
      },
      // Linux: an interrupt of the neighbour makes the handler raise the guest's pin again, although the device is masked already.
      properties: [
        ...PROMISES,
        ...OWN,
        ...(neighbour === 0 ? [PIN_MEANS_MASK] : []),
        ...(on_demand === 1 ? [AT_LINE] : []),
      ] as unknown as readonly Property<never>[],
    }),
});
