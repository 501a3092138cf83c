// A vCPU goes to sleep, or is preempted, while its device sends: over the whole machine. Linux: arch/arm64/kvm/vgic/vgic-v4.c vgic_v4_put, vgic_v4_doorbell_handler.

import { defineMachineModel } from '@virq/irq-core/machine';
import { defineFamily, propertiesOn } from '@virq/irq-core/protocol';
import { pendingOf } from '../host/host-inspect.ts';
import { vgicV4DoorbellHandler, vgicV4Load, vgicV4Put } from '../v4/residency.ts';
import { runVpe, sendingDevice } from './v4-agents.ts';
import {
  bindVectors,
  chipOf,
  GIC_SCOPE,
  type Gicv4Machine,
  gicOf,
  kernelScope,
  messagesOf,
  smallGicv4,
  spawn,
  startGuest,
  vpeOf,
} from './v4-machine.ts';

const { always, quiescent, sometimes } = propertiesOn<Gicv4Machine>();

const isAsleep = (m: Gicv4Machine): boolean => chipOf(m).context.kvm.vcpus.isBlocking(0);
const waits = (m: Gicv4Machine): boolean => pendingOf(gicOf(m), 0).length > 0;

const properties = [
  quiescent('no vCPU sleeps on a pending vLPI', (m) => !isAsleep(m) || !waits(m), {
    consequence: 'the vCPU sleeps until something unrelated wakes it: timeouts in the driver of an idle guest',
  }),
  quiescent('a vCPU in the guest has taken what was sent', (m) => isAsleep(m) || !waits(m), {
    consequence: 'an interrupt of the device is late',
  }),
  always('a vCPU that sleeps is not on the hardware', (m) => !isAsleep(m) || vpeOf(m).valid === 0),
  always('nothing is taken that was not sent', (m) => messagesOf(m).taken <= messagesOf(m).sent, {
    consequence: 'the driver of the guest is called for nothing',
  }),
  sometimes('a doorbell finds the vCPU asleep', (m) => isAsleep(m) && vpeOf(m).doorbell.inFlight === 1),
  sometimes('the vCPU sleeps', (m) => isAsleep(m) && vpeOf(m).valid === 0),
  sometimes('a message is taken', (m) => messagesOf(m).taken > 0),
];

/** One vCPU with one vLPI. */
export const v4Doorbell = defineFamily({
  name: 'v4-doorbell',
  summary: 'GICv4: a vCPU blocks, is preempted and moves while vLPIs arrive for it',
  scope: {
    v41: GIC_SCOPE,
    exits: { says: 'times that the vCPU blocks or is preempted', default: 2, min: 1, max: 3 },
    messages: { says: 'messages that the device sends', default: 1, min: 1, max: 3 },
    kernel: kernelScope('7.3'),
  },
  build: ({ v41, exits, messages, kernel }) =>
    defineMachineModel({
      name: 'v4-doorbell',
      machine: { ...smallGicv4({ processes: 4, kernel, v41 }), kernel: '6.18' },
      paths: [vgicV4Put, vgicV4Load, vgicV4DoorbellHandler],
      agents: (of) => [runVpe(of), sendingDevice] as never,
      start(m, [run]) {
        startGuest(m);
        bindVectors(m);
        chipOf(m).v4.load(0);
        spawn(m, run, { left: exits });
        spawn(m, sendingDevice, { left: messages });
      },
      properties: properties as never,
    }),
});
