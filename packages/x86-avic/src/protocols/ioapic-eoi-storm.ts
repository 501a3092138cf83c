// A level interrupt whose handler ends it before it has quietened the device: the IOAPIC delivers it again before the guest has run one instruction. Linux: arch/x86/kvm/ioapic.c __kvm_ioapic_update_eoi, kvm_ioapic_eoi_inject_work.
//
// Abstraction: the guest enables interrupts with its EOI, and the device is quietened by work that comes after the handler. Linux counts 10,000 EOIs in a row; here it is two.

import { struct, u1, u8, type ViewOf } from '@virq/irq-core/arena';
import { assert, BLOCKED, defineFamily, defineModel, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';

/** EOIs in a row that found the line up, after which the next delivery waits (IOAPIC_SUCCESSIVE_IRQ_MAX_COUNT). */
const SUCCESSIVE = 2;

/** The pin's line, its vector in IRR, `irqEoi` as in struct kvm_ioapic, the delayed work queued, the guest in its handler; `ran`: it has run an instruction outside of it since. */
const Ioapic = struct('ioapic', { line: u1, irr: u1, irqEoi: u8, delayed: u1, handling: u1, ran: u1 });

/** One pin and a guest. */
export interface IoapicEoiStorm {
  readonly ioapic: ViewOf<typeof Ioapic>;
}

const { protocol } = protocolsOn<IoapicEoiStorm>();
const { leadsTo, quiescent, sometimes } = propertiesOn<IoapicEoiStorm>();

/** Delivers the pin's interrupt: ioapic_service. */
function service({ ioapic }: IoapicEoiStorm): void {
  ioapic.irr = ioapic.line;
}

/** The guest: an interrupt that is pending comes before any instruction; the handler ends it, and only then is the device quietened. */
export const handleLevel = protocol('__kvm_ioapic_update_eoi', {}, (p) => ({
  run({ ioapic }) {
    assert(ioapic.handling === 0, 'a level interrupt is taken before the last one was ended');
    Object.assign(ioapic, { ran: 1 - ioapic.irr, handling: ioapic.irr, irr: 0 });
    return ioapic.handling === 0 ? 'quieten' : undefined;
  },
  eoi(m) {
    assert(m.ioapic.handling === 1, 'nothing is in service');
    m.ioapic.handling = 0;
    if (m.ioapic.line === 0) {
      m.ioapic.irqEoi = 0;
      return 'run';
    }
    m.ioapic.irqEoi = Math.min(m.ioapic.irqEoi + 1, SUCCESSIVE);
    return m.ioapic.irqEoi < SUCCESSIVE ? 'redeliver' : undefined;
  },
  delay({ ioapic }) {
    Object.assign(ioapic, { irqEoi: 0, delayed: 1 });
    return 'run';
  },
  redeliver(m) {
    service(m);
    return 'run';
  },
  quieten({ ioapic }) {
    Object.assign(ioapic, { line: 0, irqEoi: 0 });
  },
  idle: p.idle(({ ioapic }) => (ioapic.irr === 0 ? BLOCKED : 'run')),
}));

/** kvm_ioapic_eoi_inject_work: the delayed delivery, 10 ms later (184564efae4d), in which the guest gets to run. */
export const injectWork = protocol('kvm_ioapic_eoi_inject_work', {}, (p) => ({
  wait: p.idle(({ ioapic }) => (ioapic.delayed === 0 || ioapic.ran === 0 ? BLOCKED : undefined)),
  inject(m) {
    m.ioapic.delayed = 0;
    service(m);
    return 'wait';
  },
}));

/** A level interrupt that is ended too early. */
export const ioapicEoiStorm = defineFamily({
  name: 'ioapic-eoi-storm',
  summary: 'IOAPIC: a level interrupt is ended before its device is quiet, and delivered again at once',
  scope: {},
  build: () =>
    defineModel({
      name: 'ioapic-eoi-storm',
      layout: { ioapic: Ioapic },
      processes: 2,
      protocols: [handleLevel, injectWork],
      machine: (root): IoapicEoiStorm => root,
      start(m, spawn) {
        m.ioapic.line = 1;
        service(m);
        spawn(handleLevel);
        spawn(injectWork);
      },
      properties: [
        leadsTo(
          'a device that asserts is quietened',
          ({ ioapic }) => ioapic.line === 1,
          ({ ioapic }) => ioapic.line === 0,
          { consequence: 'the guest spends all its time in the interrupt handler' },
        ),
        quiescent(
          'no interrupt and no delivery is left',
          ({ ioapic }) => ioapic.irr === 0 && ioapic.handling === 0 && ioapic.delayed === 0,
        ),
        sometimes('a delivery is delayed', ({ ioapic }) => ioapic.delayed === 1),
      ],
    }),
});
