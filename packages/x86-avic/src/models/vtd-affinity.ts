// The host moves its side of an interrupt while its IRTE is pointed at a vCPU and back. Linux: drivers/iommu/intel/irq_remapping.c.

import { bits, u8, u16 } from '@virq/irq-core/arena';
import { defineMachineModel, type StandIn } from '@virq/irq-core/machine';
import { BLOCKED, type Combinators, DONE, defineFamily, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';
import { remap, type VtdIrData } from '../iommu/vtd.ts';
import { composeMessage, descriptorOf, vtdIrteImage } from '../iommu/vtd-irte.ts';
import { requesterOf } from '../iommu/vtd-remapper.ts';
import { ownerOf } from '../posted/pi-descriptor.ts';
import { intelIrSetAffinity, vmxPiUpdateIrte } from '../protocols/vtd-pi-update.ts';
import { bindVectors, smallMachine, type X86Machine } from './machine.ts';

const VECTOR = 0x31;

const { protocol } = protocolsOn<X86Machine>();
const { always, quiescent, sometimes } = propertiesOn<X86Machine>();

const UPDATE = { vm: u8, irqfd: u16, irq: u16, to: u16, vector: u8, left: bits(2) } as const;
type UpdateFrame = { vm: number; irqfd: number; irq: number; to: number; vector: number; left: number };

/** The interrupt is posted to a vCPU, and not, `left` times. */
const moveRoute = (of: StandIn) =>
  protocol('kvm_irq_routing_update (vmx)', UPDATE, (p: Combinators<X86Machine, UpdateFrame>) => ({
    chooseTarget: p.choose(2, (_m, f, _self, choice) => {
      if (f.left === 0) return DONE;
      f.left--;
      f.to = choice;
      return undefined;
    }),
    ...p.include('update', of(vmxPiUpdateIrte) as never),
    again: () => 'chooseTarget',
  }));

const BALANCE = { irq: u16, cpu: u8, left: bits(2) } as const;
type BalanceFrame = { irq: number; cpu: number; left: number };

/** irqbalance: the host's affinity changes `left` times. */
const balance = (of: StandIn) =>
  protocol('irqbalance', BALANCE, (p: Combinators<X86Machine, BalanceFrame>) => ({
    chooseCpu: p.choose(2, (m, f, _self, choice) => {
      if (f.left === 0) return DONE;
      if (choice >= m.parts.x86.state.cpus.length) return BLOCKED;
      f.left--;
      f.cpu = choice;
      return undefined;
    }),
    ...p.include('set', of(intelIrSetAffinity) as never),
    again: () => 'chooseCpu',
  }));

/** The device sends messages for ever; where they go is what the properties look at. */
const device = protocol('device under VT-d', {}, (p) => ({
  send: p.idle((m) => {
    const { vtd, posted } = m.parts.x86;
    if (vtd.irqs.at(0).isCached === 1) return BLOCKED;
    remap(vtd, composeMessage(0, 0), requesterOf(0), posted.descriptor);
    return 'send';
  }),
}));

const irq = (m: X86Machine): VtdIrData => m.parts.x86.vtd.irqs.at(0);
const isSettled = (m: X86Machine): boolean => m.parts.x86.vtd.lock.holder === 0;
const target = ({ entry }: VtdIrData): ReturnType<typeof ownerOf> => ownerOf(descriptorOf(entry));

function hostGetsIt(m: X86Machine): boolean {
  const d = irq(m);
  if (!isSettled(m) || d.postedVcpu === 1) return true;
  const { vm, index } = target(d);
  return d.postedMsi === 1
    ? d.entry.pst === 1 && vm < 0 && index === d.hostCpu
    : d.entry.pst === 0 && d.entry.dest === d.image.dest;
}

const sameImage = ({ entry, cache }: VtdIrData): boolean =>
  vtdIrteImage(entry).every((word, i) => word === vtdIrteImage(cache)[i]);

const properties = [
  always(
    'an interrupt that is posted to a vCPU stays posted, wherever the host moves its own side',
    (m) => !isSettled(m) || irq(m).postedVcpu === 0 || (irq(m).entry.pst === 1 && target(irq(m)).vm === 0),
    { consequence: 'correct and slow: every interrupt of the device goes through the host' },
  ),
  always('an interrupt of the host goes to the CPU of its affinity', hostGetsIt, {
    consequence: 'messages are written to a descriptor that is none, or arrive where nobody expects them',
  }),
  always(
    'once an update is over the IOMMU goes by the new entry',
    (m) => !isSettled(m) || irq(m).isCached === 0 || sameImage(irq(m)),
    {
      consequence: 'the device goes on interrupting what had the interrupt before',
    },
  ),
  quiescent(
    'the irqfd knows the vCPU that its IRTE posts to',
    (m) => (m.kvms[0].state.irqfds.slot(0).irteVcpu !== 0) === (irq(m).postedVcpu === 1),
    { consequence: 'the interrupt stays posted when its irqfd goes' },
  ),
  sometimes('the interrupt is posted to the vCPU', (m) => irq(m).postedVcpu === 1),
  sometimes('the host has moved its side meanwhile', (m) => irq(m).postedVcpu === 1 && irq(m).hostCpu === 1),
];

/** An interrupt with two owners. */
export const vtdAffinity = defineFamily({
  name: 'vtd-affinity',
  summary: 'VT-d: the host moves its side of an interrupt while it is posted to a vCPU, and no longer',
  scope: {
    updates: { says: 'times that the IRTE is pointed at the vCPU or the host', default: 2, min: 1, max: 3 },
    moves: { says: 'changes of the affinity of the host', default: 1, min: 1, max: 3 },
    posted: { says: '1: messages for the host are posted too', default: 1, min: 0, max: 1 },
  },
  build: ({ updates, moves, posted }) =>
    defineMachineModel({
      name: 'vtd-affinity',
      machine: smallMachine({
        ...{ vcpus: 1, cpus: 2, vectors: 1, processes: 3, intel: true },
        host: { posted_msi: posted === 1 },
      }),
      paths: [vmxPiUpdateIrte, intelIrSetAffinity],
      agents: (of) => [moveRoute(of), balance(of), device] as never,
      start(m, [move, irqbalance]) {
        bindVectors(m, 1);
        const irqfd = m.kvms[0]?.state.irqfds.handleOf(0) as number;
        const spawn = m.processes.spawn as (protocol: unknown, args: Readonly<Record<string, number>>) => number;
        spawn(move, { irqfd, vector: VECTOR, left: updates });
        spawn(irqbalance, { left: moves });
        spawn(device, {});
      },
      properties: properties as never,
    }),
});
