// H_EOI against the hand-over of its source to a passed-through device: which of the two sources is ended. Linux: arch/powerpc/kvm/book3s_xive.c xive_vm_h_eoi, kvmppc_xive_set_mapped.
//
// What is established: set_mapped masks under the lock of the block and asks in_eoi there, as every masking does. Linux' H_EOI chooses the source before it
// sets in_eoi. If the IPI is chosen and ended after the hand-over, POWER9 takes PQ = 01 of the IPI for a Q that is to be sent again, so that a spurious interrupt
// comes, whose H_EOI ends the device's source; with StoreEOI (POWER10) nothing comes, and the device's source waits for ever. The corrected form here chooses once it is set and the source is not masked.

import { bits } from '@virq/irq-core/arena';
import { defineMachineModel, type MachineOptions, type StandIn } from '@virq/irq-core/machine';
import { type Combinators, DONE, defineFamily, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';
import { PASSTHRU_LOCALS, setPassthru } from '../protocols/passthru.ts';
import { hEoi, hEoiCorrected } from '../protocols/xics-eoi.ts';
import { openDevice } from './machine.ts';
import { guestVcpu } from './xics-guest.ts';
import { IRQ, isServed, pqOf, sourceOf, startXics, type XicsMachine, xicsMachine } from './xics-machine.ts';

const { protocol } = protocolsOn<XicsMachine>();
const { quiescent, sometimes } = propertiesOn<XicsMachine>();

type Frame = { -readonly [K in keyof typeof PASSTHRU_LOCALS]: number };

/** VFIO's vector and its irqfd meet. */
const meet = (of: StandIn) =>
  protocol('irq_bypass_register_producer', PASSTHRU_LOCALS, (p: Combinators<XicsMachine, Frame>) => ({
    ...p.include('add', of(setPassthru) as never),
  }));

/** The device's message goes to its own source once the host has given that away, before to the IPI, through the irqfd. */
const device = protocol('device', { left: bits(2) }, () => ({
  ask(m, f) {
    const { power } = m.parts;
    if (f.left === 0) return DONE;
    f.left--;
    const s = sourceOf(m);
    s.asserted = 1;
    power.xive.sources.trigger(power.irq(0).forwarded === 1 ? power.sourceOf(0) : s.ipi - 1);
    return 'ask';
  },
}));

const properties = [
  quiescent('what the device asked for is served', isServed, {
    consequence: 'the device waits for ever: its source has P set, and the guest has ended the other one',
  }),
  quiescent('no source waits for an EOI that nobody owes it', (m) => pqOf(m) === 0, {
    consequence: 'the next message of the device stays in Q',
  }),
  sometimes('the device is behind the source', (m) => sourceOf(m).ptNumber !== 0),
  sometimes('the hand-over waits for an EOI', (m) => sourceOf(m).inEoi === 1),
];

/** The machine with the device, whose vector meets the irqfd in an agent, step by step. */
function machine(): MachineOptions {
  const { vms, ...rest } = xicsMachine({ vcpus: 1, processes: 4 });
  return {
    ...rest,
    vms: vms.map((vm) => ({ ...vm, options: { ...vm.options, bypass: false } })),
    devices: [{ name: 'device', kind: 'pci', msix: 1 }],
  };
}

/** The guest's H_EOI is the corrected one, or what stands in for that. */
const choosingLate =
  (of: StandIn): StandIn =>
  (path) =>
    of((path as object) === hEoi ? (hEoiCorrected as unknown as typeof path) : path);

/** An interrupt is ended while its source becomes a device's. */
export const xicsPassthrough = defineFamily({
  name: 'xics-passthrough',
  summary: 'XICS over XIVE: an interrupt is ended while its source becomes that of a passed-through device',
  scope: {
    asks: { says: 'messages of the device', default: 1, min: 1, max: 1 },
    storeEoi: {
      says: '1: sources are ended by a store (POWER10), 0: by SET_PQ_00 and a new trigger (POWER9)',
      default: 0,
      min: 0,
      max: 1,
    },
  },
  build: ({ asks, storeEoi }) =>
    defineMachineModel({
      name: 'xics-passthrough',
      machine: machine(),
      paths: [hEoiCorrected, setPassthru] as never,
      agents: (of) => [guestVcpu(choosingLate(of)), meet(of), device, hEoiCorrected] as never,
      start(m, [vcpu, add]) {
        startXics(m as never);
        openDevice(m);
        const { sources } = (m as XicsMachine).parts.power.xive;
        for (const index of [0, sourceOf(m).ipi - 1]) sources.at(index).storeEoi = storeEoi;
        m.processes.spawn(vcpu as never, {} as never);
        m.processes.spawn(add as never, { gsi: IRQ, irq: 0 } as never);
        m.processes.spawn(device as never, { left: asks } as never);
      },
      properties: properties as never,
    }),
});
