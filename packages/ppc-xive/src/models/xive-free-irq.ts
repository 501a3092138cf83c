// A driver frees its interrupt while an entry of it may still be in the event queue of a CPU. Linux: arch/powerpc/sysdev/xive/common.c, kernel/irq/chip.c handle_fasteoi_irq.
//
// Abstraction: a PHB is fenced only while no entry of the interrupt is under way. The kernel takes a fenced source for inactive, so an entry that was queued before the fence can outlive
// the descriptor.

import { u8 } from '@virq/irq-core/arena';
import { BLOCKED, DONE, defineFamily, defineModel, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';
import { eoi, freeIrq, HostIrq, type HostIrqView, trigger } from './host-irq.ts';

/** One interrupt. */
export interface XiveFreeIrq {
  readonly irq: HostIrqView;
}

const { protocol } = protocolsOn<XiveFreeIrq>();
const { always, never, quiescent, sometimes } = propertiesOn<XiveFreeIrq>();

/** The device: raises its MSI `left` times or less. */
export const device = protocol('device', { left: u8 }, (p) => ({
  raise: p.choose(2, (m, f, _self, choice) => {
    if (choice === 0 || f.left === 0) return DONE;
    f.left--;
    trigger(m.irq);
    return 'raise';
  }),
}));

/** The CPU whose queue the source writes: xive_get_irq, then handle_fasteoi_irq. Without a descriptor nobody ends the interrupt, and CPPR stays where it is. */
export const takeIrq = protocol('handle_fasteoi_irq', {}, (p) => ({
  take: p.idle(({ irq }) => {
    if (irq.queued === 0) return BLOCKED;
    irq.queued--;
    irq.orphaned = irq.freed;
    return irq.freed === 1 ? DONE : undefined;
  }),
  ...p.spinlocked('desc', (m) => m.irq.desc, {
    begin({ irq }) {
      irq.inProgress = 1 - irq.disabled;
    },
  }),
  runHandler: () => undefined,
  ...p.spinlocked('desc (end)', (m) => m.irq.desc, {
    end({ irq }) {
      irq.inProgress = 0;
      eoi(irq, false);
    },
  }),
  again: () => 'take',
}));

/** The PHB detects an error and fences itself off: loads from its ESBs return all ones. */
export const fence = protocol('PHB fence', {}, (p) => ({
  fence: p.idle(({ irq }) => {
    if (irq.p === 1 || irq.queued > 0) return BLOCKED;
    irq.allOnes = 1;
    return undefined;
  }),
}));

/** A device raises its interrupt while its driver frees it. */
export const xiveFreeIrq = defineFamily({
  name: 'xive-free-irq',
  summary: 'XIVE host: an interrupt is freed while an entry of it may be in a queue, or its PHB is fenced',
  scope: {
    raises: { says: 'times the device raises its interrupt', default: 2, min: 1, max: 3 },
    fences: { says: '1: the PHB is fenced at some time', default: 1, min: 0, max: 1 },
  },
  build: ({ raises, fences }) =>
    defineModel({
      name: 'xive-free-irq',
      layout: { irq: HostIrq },
      processes: 3 + fences,
      protocols: [freeIrq, takeIrq, device, fence],
      machine: (root): XiveFreeIrq => root,
      start(_m, spawn) {
        spawn(freeIrq);
        spawn(takeIrq);
        spawn(device, { left: raises });
        if (fences === 1) spawn(fence);
      },
      properties: [
        never('an entry is taken from the queue whose interrupt is gone', ({ irq }) => irq.orphaned === 1, {
          consequence:
            'nobody ends it: the CPU keeps its raised priority and takes no further interrupt; or freed memory is used',
        }),
        quiescent('the interrupt is freed', ({ irq }) => irq.freed === 1, {
          consequence: 'free_irq spins for ever: soft lockup',
        }),
        always('a source has one entry in the queue at most', ({ irq }) => irq.queued < 2),
        sometimes('an entry outlives the masking of its source', ({ irq }) => irq.disabled === 1 && irq.queued === 1),
        sometimes('a fenced source is freed', ({ irq }) => fences === 0 || (irq.allOnes === 1 && irq.freed === 1)),
      ],
    }),
});
