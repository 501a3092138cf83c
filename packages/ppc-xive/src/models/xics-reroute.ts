// H_CPPR gives away an interrupt that has another target by now, while that target masks it. Linux: arch/powerpc/kvm/book3s_xive.c xive_vm_scan_for_rerouted_irqs.
//
// The corrected form is modelled, in which the scan takes the lock; Linux' is without it (the gallery's `xics-reroute`).
//
// What is established: Linux' scan runs after the guest exit on the vCPU's CPU and takes no lock; ibm,int-off of another vCPU takes that of the block
// and asks in_eoi, which the scan does not set. Between the scan's SET_PQ_11 and its EOI the masking's SET_PQ_10 finds P and Q set, remembers both,
// and leaves 10; the EOI that follows makes 00 of it. Unmasking brings 11 back and waits for an EOI of the guest, whose queue entry is gone.

import { bits } from '@virq/irq-core/arena';
import { defineMachineModel, type StandIn } from '@virq/irq-core/machine';
import { BLOCKED, type Combinators, DONE, defineFamily, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';
import { MASKED } from '../kvm/priority.ts';
import { CPPR_LOCALS, hCpprLocked } from '../protocols/xics-cppr.ts';
import { intOff, intOn, MASK_LOCALS, setXive } from '../protocols/xics-mask.ts';
import { guestVcpu } from './xics-guest.ts';
import {
  ask,
  deviceOf,
  IRQ,
  isServed,
  PRIORITY,
  pqOf,
  sourceOf,
  startXics,
  type XicsMachine,
  xicsMachine,
} from './xics-machine.ts';

const { protocol } = protocolsOn<XicsMachine>();
const { quiescent, sometimes } = propertiesOn<XicsMachine>();

const CLOSE_LOCALS = { ...CPPR_LOCALS } as const;
type CloseFrame = { -readonly [K in keyof typeof CLOSE_LOCALS]: number };

/** vCPU 0 goes offline: with its interrupts moved away it closes its CPPR, with an entry of one of them still in its queue. */
const closer = (of: StandIn) =>
  protocol('xics_migrate_irqs_away', CLOSE_LOCALS, (p: Combinators<XicsMachine, CloseFrame>) => ({
    isMoved: (m) => (sourceOf(m).actServer === 1 && deviceOf(m).blockLock(IRQ).holder === 0 ? undefined : BLOCKED),
    ...p.include('cppr', of(hCpprLocked) as never),
  }));

const MOVE_LOCALS = { ...MASK_LOCALS, left: bits(2) } as const;
type MoveFrame = { -readonly [K in keyof typeof MOVE_LOCALS]: number };

/** The interrupt moves to vCPU 1; there its driver disables and enables it `left` times. */
const mover = (of: StandIn) =>
  protocol('irq_set_affinity, disable_irq, enable_irq', MOVE_LOCALS, (p: Combinators<XicsMachine, MoveFrame>) => ({
    ...p.include('move', of(setXive) as never),
    next(_m, f) {
      if (f.left === 0) return DONE;
      f.left--;
      Object.assign(f, { old: 0, retry: 0, server: 0, priority: 0 });
      return undefined;
    },
    ...p.include('off', of(intOff) as never),
    unmask(_m, f) {
      Object.assign(f, { old: 0, retry: 0 });
    },
    ...p.include('on', of(intOn) as never),
    again: () => 'next',
  }));

const properties = [
  quiescent('what the device asked for is served', isServed, {
    consequence: 'the interrupt is in no queue any more, and its source waits for an EOI: the device is dead',
  }),
  quiescent('no source waits for an EOI that nobody owes it', (m) => pqOf(m) === 0),
  sometimes(
    'the interrupt is sent to its new target',
    (m) => deviceOf(m).queues.entry(deviceOf(m).vcpus.at(1).queues.at(PRIORITY), 0) !== 0,
  ),
  sometimes('the source is masked with its entry in the old queue', (m) => {
    const old = deviceOf(m).queues.entry(deviceOf(m).vcpus.at(0).queues.at(PRIORITY), 0);
    return sourceOf(m).guestPriority === MASKED && (old & 0x7fffffff) === IRQ;
  }),
];

/** A vCPU that closes gives away an interrupt while its new target masks and unmasks it. */
export const xicsReroute = defineFamily({
  name: 'xics-reroute',
  summary: 'XICS over XIVE: a vCPU that closes its CPPR gives away an interrupt that its new target masks',
  scope: {
    masks: { says: 'times the new target masks it', default: 1, min: 1, max: 3 },
  },
  build: ({ masks }) =>
    defineMachineModel({
      name: 'xics-reroute',
      machine: xicsMachine({ vcpus: 2, processes: 3 }),
      paths: [hCpprLocked] as never,
      agents: (of) => [closer(of), mover(of), guestVcpu(of), hCpprLocked] as never,
      start(m, [close, move, vcpu]) {
        startXics(m);
        ask(m);
        m.processes.spawn(close as never, { vcpu: 0, cppr: 0 } as never);
        m.processes.spawn(move as never, { irq: IRQ, server: 1, priority: PRIORITY, left: masks } as never);
        m.processes.spawn(vcpu as never, { vcpu: 1 } as never);
      },
      properties: properties as never,
    }),
});
