// VFIO's form beside KVM's own: INTx of a device without DisINTx is set up while it asserts. Linux: drivers/vfio/pci/vfio_pci_intrs.c vfio_intx_enable, vfio_intx_handler, vfio_pci_intx_unmask_handler.

import { defineMachineModel } from '@virq/irq-core/machine';
import {
  type AnyProtocol,
  BLOCKED,
  defineFamily,
  type Property,
  propertiesOn,
  protocolsOn,
} from '@virq/irq-core/protocol';
import { ACTION, DATA, vfioIntxEnable as enable, INDEX } from '@virq/irq-core/vfio';
import { device, guestOf, type IntxWorld, intxMachine, LINE, NIC } from './world.ts';

const { always, quiescent, sometimes } = propertiesOn<IntxWorld>();

/** The guest serves its device and ends the interrupt: the resamplefd unmasks the line. */
const guest = protocolsOn<IntxWorld>().protocol('guest', {}, (p) => ({
  take: p.idle((m) => (guestOf(m).isHigh() ? undefined : BLOCKED)),
  serve: (m) => m.pci.deassert(NIC),
  eoi(m) {
    guestOf(m).eoi();
    return 'take';
  },
}));

const depth = (m: IntxWorld): number => m.host.state.irqs.at(LINE).depth;
const isSetUp = (m: IntxWorld): boolean => m.host.actions(LINE).length > 0;

/** The VMM has bound the eventfds and is about to set up INTx. */
function prepare(m: IntxWorld): number {
  const [trigger, back] = [m.eventfds.create(), m.eventfds.create()];
  m.kvms[0]?.irqfd({ fd: trigger, gsi: 0, flags: 2, resamplefd: back });
  m.vfio.open(NIC);
  m.vfio.setIrqs(NIC, { index: INDEX.INTX, start: 0, count: 1, flags: DATA.EVENTFD | ACTION.TRIGGER, data: [trigger] });
  m.vfio.setIrqs(NIC, { index: INDEX.INTX, start: 0, count: 1, flags: DATA.EVENTFD | ACTION.UNMASK, data: [back] });
  m.vfio.intx.disable(NIC);
  return trigger;
}

/** A device asserts while its interrupt is set up. */
export const vfioIntxEnable = defineFamily({
  name: 'vfio-intx-enable',
  summary: 'VFIO: an exclusive INTx line is requested while the device asserts',
  scope: { assertions: { says: 'times the device asserts', default: 2, min: 1, max: 3 } },
  build: ({ assertions }) =>
    defineMachineModel({
      name: 'vfio-intx-enable',
      machine: {
        ...intxMachine({
          devices: [{ name: 'nic', kind: 'pci', hostIrq: LINE, disIntxWritable: false }],
          agents: [device, guest] as unknown as readonly AnyProtocol<never>[],
          processes: 9,
        }),
        limits: { eventfds: 2, processes: 9, irqs: LINE + 1, bypass: 1 },
      },
      start(machine) {
        const m = machine as IntxWorld;
        const trigger = prepare(m);
        m.processes.spawn(enable as never, { device: NIC, trigger } as never);
        m.processes.spawn(guest as never);
        m.processes.spawn(device as never, { device: NIC, left: assertions } as never);
      },
      properties: [
        always('the line is disabled once at most', (m) => !isSetUp(m) || depth(m) <= 1, {
          consequence: 'one enable_irq does not undo two disable_irq',
        }),
        quiescent(
          'no device asserts while its line is disabled',
          (m) => !isSetUp(m) || m.pci.state.functions.at(NIC).pending === 0 || depth(m) === 0,
          { consequence: 'the device is mute until the VM is started again: further unmasks do nothing' },
        ),
        quiescent('every assertion is heard', (m) => m.pci.state.functions.at(NIC).pending === 0),
        sometimes('the guest is told', (m) => guestOf(m).isHigh()),
      ] as unknown as readonly Property<never>[],
    }),
});
