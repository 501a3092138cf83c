// Interrupts are raised, moved and made undeliverable and deliverable again while their vCPUs run. Linux: arch/arm64/kvm/vgic/vgic.c vgic_queue_irq_unlock, vgic_prune_ap_list.

import { defineMachineModel } from '@virq/irq-core/machine';
import { defineFamily, type Property, propertiesOn } from '@virq/irq-core/protocol';
import { CONFIG } from '../irq/layout.ts';
import { isPending } from '../irq/state.ts';
import { vgicFoldLrState } from '../lists/fold.ts';
import { vgicPruneApList } from '../lists/prune.ts';
import { vgicInjectIrq } from '../lists/queue.ts';
import {
  type ArmMachine,
  chipOf,
  kernelScope,
  smallMachine,
  spawn,
  spiHandle,
  spiOf,
  startGuest,
  tallyOf,
} from './machine.ts';
import { writeCtlr, writeIrouter } from './registers.ts';
import { edgeDriver, runVcpu, startVcpu } from './vcpu.ts';

const VCPUS = 2;
/** The guest's writes. */
const PATHS = [writeIrouter, writeCtlr];
const { always, quiescent, sometimes } = propertiesOn<ArmMachine>();

/** Every interrupt on a list says so, is on it once, and the links of the list fit. */
function agrees(m: ArmMachine, vcpu: number): boolean {
  const { lists } = chipOf(m);
  const { first, last, count } = lists.apLists.at(vcpu);
  let [previous, seen] = [0, 0];
  for (let at = first; at !== 0 && seen <= count; at = lists.irqs.at(at - 1).next) {
    const i = lists.irqs.at(at - 1);
    if (i.vcpu !== vcpu + 1 || i.previous !== previous) return false;
    previous = at;
    seen++;
  }
  return previous === last && seen === count;
}

/** Every interrupt that names a vCPU is on a list. */
function isSomewhere(m: ArmMachine, n: number): boolean {
  const { vcpu, next, previous } = spiOf(m, n);
  const { first } = chipOf(m).lists.apLists.at(Math.max(0, vcpu - 1));
  return vcpu === 0 ? next === 0 && previous === 0 : previous !== 0 || first === spiHandle(m, n) + 1;
}

const waits = (m: ArmMachine, n: number): boolean => {
  const i = spiOf(m, n);
  return isPending(i) && i.enabled === 1 && i.target !== 0 && chipOf(m).state.dist.enabled === 1;
};

/** What must hold wherever interrupts are queued. */
export const LIST_PROPERTIES = (spis: number, vcpus = VCPUS) => [
  always('an interrupt is on the list of the vCPU that it names, once, and on no other', agrees, { over: vcpus }),
  always('an interrupt that names a vCPU is on its list', isSomewhere, { over: spis }),
  quiescent('no interrupt that can be delivered waits', (m, n) => !waits(m, n), {
    over: spis,
    consequence: 'the device waits for ever',
  }),
];

/** Two vCPUs that exchange interrupts. The corrected form queues what a write to GICD_IROUTER or GICD_CTLR has made deliverable, which the kernel does not. */
export const vgicQueue = defineFamily({
  name: 'vgic-queue',
  summary: 'VGIC: edges are raised, moved to another vCPU and switched off and on while both vCPUs run',
  scope: {
    kernel: kernelScope('7.3'),
    edges: { says: 'edges of each SPI', default: 1, min: 1, max: 2 },
    moves: { says: 'writes to GICD_IROUTER: to the second vCPU, and back', default: 1, min: 0, max: 2 },
    nobody: { says: '1: until then the SPI goes to an affinity that no vCPU has', default: 0, min: 0, max: 1 },
    off: { says: '1: the distributor is switched off and on', default: 0, min: 0, max: 1 },
    crossing: {
      says: '1: two SPIs, each on the list of a vCPU and on its way to the other',
      default: 0,
      min: 0,
      max: 1,
    },
  },
  build: ({ kernel, edges, moves, nobody, off, crossing }) => {
    const spis = 1 + crossing;
    return defineMachineModel({
      name: 'vgic-queue',
      machine: smallMachine({ vcpus: VCPUS, kernel, processes: 8, paths: PATHS }),
      paths: [vgicInjectIrq, vgicPruneApList, ...PATHS] as never,
      agents: (of) => [runVcpu(of, vgicFoldLrState, edgeDriver)] as never,
      start(m, [run]) {
        startGuest(m, spis, CONFIG.EDGE);
        const [irq, args] = [spiHandle(m), { level: 1 }];
        if (crossing === 1) cross(m);
        for (let vcpu = 0; vcpu < VCPUS; vcpu++) startVcpu(m, run, { vcpu });
        for (let n = crossing; n < edges; n++) spawn(m, vgicInjectIrq, { ...args, irq });
        if (nobody === 1) spiOf(m).target = 0;
        for (let n = 0; n < moves; n++) spawn(m, writeIrouter, { irq, target: n === 0 ? 2 : 1 });
        if (off === 1) spawn(m, writeCtlr, { irq, spis });
      },
      properties: [
        ...LIST_PROPERTIES(spis),
        sometimes('the first vCPU takes an interrupt', (m) => tallyOf(m).taken.get(0) > 0),
        ...(moves === 1 || crossing === 1
          ? [sometimes('the second vCPU takes an interrupt', (m) => tallyOf(m).taken.get(1) > 0)]
          : []),
      ] as unknown as readonly Property<never>[],
    });
  },
});

/** Both SPIs are on a list, and each belongs on the other. */
function cross(m: Parameters<typeof spiOf>[0]): void {
  for (const n of [0, 1]) {
    spiOf(m, n).target = n + 1;
    chipOf(m).inputs.inject(-1, spiOf(m, n).intid, 1);
    spiOf(m, n).target = 2 - n;
  }
}
