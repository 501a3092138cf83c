// H_EOI against the masking and unmasking of its source: in_eoi. Linux: arch/powerpc/kvm/book3s_xive.c xive_vm_h_eoi, xive_lock_and_mask, xive_lock_for_unmask.

import { bits } from '@virq/irq-core/arena';
import { defineMachineModel, type StandIn } from '@virq/irq-core/machine';
import { type Combinators, DONE, defineFamily, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';
import { MASKED } from '../kvm/priority.ts';
import { hEoi } from '../protocols/xics-eoi.ts';
import { intOff, intOn, MASK_LOCALS, setXive } from '../protocols/xics-mask.ts';
import { hXirr } from '../protocols/xics-present.ts';
import { device, guestVcpu } from './xics-guest.ts';
import {
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
const { always, quiescent, sometimes } = propertiesOn<XicsMachine>();

const LOCALS = { ...MASK_LOCALS, left: bits(2) } as const;
type Frame = { -readonly [K in keyof typeof LOCALS]: number };

/** Another vCPU masks the source and unmasks it, `left` times over. */
const masker = (of: StandIn) =>
  protocol('disable_irq, enable_irq', LOCALS, (p: Combinators<XicsMachine, Frame>) => ({
    begin(_m, f) {
      Object.assign(f, { old: 0, retry: 0 });
    },
    ...p.include('off', of(intOff) as never),
    unmask(_m, f) {
      Object.assign(f, { old: 0, retry: 0 });
    },
    ...p.include('on', of(intOn) as never),
    again(_m, f) {
      if (f.left === 0) return DONE;
      f.left--;
      return 'begin';
    },
  }));

/** The same by ibm,set-xive. */
const setter = (of: StandIn) =>
  protocol('ics_rtas_set_affinity', LOCALS, (p: Combinators<XicsMachine, Frame>) => ({
    begin(_m, f) {
      Object.assign(f, { priority: MASKED, old: 0, retry: 0 });
    },
    ...p.include('mask', of(setXive) as never),
    open(_m, f) {
      Object.assign(f, { priority: PRIORITY, old: 0, retry: 0 });
    },
    ...p.include('unmask', of(setXive) as never),
    again(_m, f) {
      if (f.left === 0) return DONE;
      f.left--;
      return 'begin';
    },
  }));

/** Nobody is between masking a source and telling its PQ. */
const isSettled = (m: XicsMachine): boolean => deviceOf(m).blockLock(IRQ).holder === 0;

const properties = [
  always(
    'a source that the guest has masked sends nothing',
    (m) => sourceOf(m).guestPriority !== MASKED || !isSettled(m) || (pqOf(m) & 2) !== 0,
    { consequence: 'the guest gets an interrupt that it has disabled' },
  ),
  quiescent('what the device asked for is served', isServed, {
    consequence: 'an interrupt is lost: the device waits until it has something else to say, or for ever',
  }),
  quiescent('no source waits for an EOI that nobody owes it', (m) => pqOf(m) === 0, {
    consequence: 'the source is dead: what comes stays in Q',
  }),
  sometimes('an EOI finds its source masked', (m) => sourceOf(m).guestPriority === MASKED && sourceOf(m).inEoi === 1),
  sometimes('an interrupt comes while the source is masked', (m) => {
    const { guestPriority } = sourceOf(m);
    return guestPriority === MASKED && pqOf(m) === 3;
  }),
];

/** A vCPU ends an interrupt that another masks. */
export const xicsEoi = defineFamily({
  name: 'xics-eoi',
  summary: 'XICS over XIVE: an interrupt is ended while its source is masked and unmasked',
  scope: {
    asks: { says: 'times the device asks for service', default: 2, min: 1, max: 3 },
    masks: { says: 'times the source is masked and unmasked', default: 1, min: 1, max: 3 },
    setXive: { says: '1: by ibm,set-xive, 0: by ibm,int-off and ibm,int-on', default: 0, min: 0, max: 1 },
  },
  build: ({ asks, masks, setXive: sets }) =>
    defineMachineModel({
      name: 'xics-eoi',
      machine: xicsMachine({ vcpus: 1, processes: 4 }),
      paths: [hEoi, hXirr, intOff, intOn, setXive] as never,
      agents: (of) => [guestVcpu(of), sets === 1 ? setter(of) : masker(of), device] as never,
      start(m, [vcpu, mask]) {
        startXics(m);
        m.processes.spawn(vcpu as never, {} as never);
        m.processes.spawn(mask as never, { irq: IRQ, left: masks - 1 } as never);
        m.processes.spawn(device as never, { left: asks } as never);
      },
      properties: properties as never,
    }),
});
