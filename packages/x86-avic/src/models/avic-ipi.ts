// An IPI against the halt of its target: sent by hardware while the vCPU stops running. AMD APM vol. 2 15.29.2; Linux: svm/avic.c, erratum 1235.

import { u1, u8, u16 } from '@virq/irq-core/arena';
import { defineMachineModel, type StandIn } from '@virq/irq-core/machine';
import { BLOCKED, type Combinators, defineFamily, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';
import { avicSendIpi } from '../protocols/avic-ipi.ts';
import { svmVcpuBlock } from '../protocols/avic-run.ts';
import { chipOf, smallMachine, type X86Machine } from './machine.ts';

const VECTOR = 0x40;

const { protocol } = protocolsOn<X86Machine>();
const { quiescent, sometimes } = propertiesOn<X86Machine>();

const LOCALS = { vm: u8, vcpu: u16, cpu: u8, log: u1, next: u16 } as const;
type Frame = { -readonly [K in keyof typeof LOCALS]: number };

/** The target runs, halts once, and computes from then on; a doorbell makes it look at its IRR. */
const target = (of: StandIn) =>
  protocol('target vCPU', LOCALS, (p: Combinators<X86Machine, Frame>) => ({
    ...p.include('halt', of(svmVcpuBlock) as never),
    enterGuest(m: X86Machine) {
      const { avic, lapics } = chipOf(m);
      avic.vcpus.enterGuest(0);
      avic.host.enterGuest(0, 0);
      lapics.at(0).irr.clear();
    },
    guest: p.idle((m) => {
      if (m.parts.x86.state.cpus.at(0).doorbell === 0) return BLOCKED;
      chipOf(m).avic.host.takeDoorbell(0, 0);
      chipOf(m).lapics.at(0).irr.clear();
      return 'guest';
    }),
  }));

const properties = [
  quiescent('no IPI is left unseen', (m) => chipOf(m).lapics.at(0).irr.isEmpty(), {
    consequence: 'a vCPU sleeps on an IPI that was sent: the guest hangs',
  }),
  quiescent(
    'a vCPU in the guest says running',
    (m) => m.parts.x86.state.cpus.at(0).inGuest === 0 || chipOf(m).avic.at(0).entry.isRunning === 1,
    { consequence: 'every IPI to it exits, for nothing' },
  ),
  sometimes('a vCPU that does not run has the IPI', (m) => {
    const { avic, lapics } = chipOf(m);
    return avic.at(0).entry.isRunning === 0 && !lapics.at(0).irr.isEmpty();
  }),
  sometimes('the target sleeps', (m) => chipOf(m).avic.vcpus.isBlocking(0)),
  sometimes('a doorbell is on its way', (m) => m.parts.x86.state.cpus.at(0).doorbell === 1),
];

/** A vCPU halts while another sends it an IPI. */
export const avicIpi = defineFamily({
  name: 'avic-ipi',
  summary: 'AVIC: hardware sends an IPI to a vCPU that halts',
  scope: { senders: { says: 'vCPUs that send one', default: 1, min: 1, max: 2 } },
  build: ({ senders }) =>
    defineMachineModel({
      name: 'avic-ipi',
      machine: smallMachine({ vcpus: 1, cpus: 1, vectors: 1, processes: senders + 2 }),
      paths: [avicSendIpi, svmVcpuBlock],
      agents: (of) => [target(of), avicSendIpi] as never,
      start(m, [run]) {
        const { apicv, avic } = chipOf(m);
        apicv.load(0, 0);
        avic.vcpus.enterGuest(0);
        avic.host.enterGuest(0, 0);
        m.processes.spawn(run as never);
        for (let i = 0; i < senders; i++) m.processes.spawn(avicSendIpi as never, { vector: VECTOR + i } as never);
      },
      properties: properties as never,
    }),
});
