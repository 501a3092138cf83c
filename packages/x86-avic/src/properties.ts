// What always holds of the x86 chips. Names read as sentences.

import type { BackendProperty } from '@virq/irq-core/backend';
import type { X86Chip } from './chip.ts';
import { RTE } from './ioapic.ts';
import { IOAPIC_PINS } from './layout.ts';

const property = (name: string, holds: (c: X86Chip) => boolean): BackendProperty => ({ name, holds });

function everyPin(c: X86Chip, holds: (lo: number, pin: number) => boolean): boolean {
  for (let pin = 0; pin < IOAPIC_PINS; pin++) if (!holds(c.ioapic.entry(pin).lo, pin)) return false;
  return true;
}

function countVcpus(c: X86Chip, is: (vcpu: number) => boolean): number {
  let n = 0;
  for (let vcpu = 0; vcpu < c.lapics.count; vcpu++) if (is(vcpu)) n++;
  return n;
}

/** Properties for `check`. */
export const properties: readonly BackendProperty[] = [
  // KVM_SET_IRQCHIP stores what it is given: the first one is about guests, who cannot bring it about.
  property('an edge-triggered IOAPIC pin never has Remote IRR', (c) =>
    everyPin(c, (lo) => (lo & RTE.REMOTE_IRR) === 0 || (lo & RTE.LEVEL) !== 0),
  ),
  property('an EOI of a vector looks at exactly the IOAPIC pins that have it', (c) =>
    everyPin(c, (lo, pin) => (c.state.ioapic.pinsOfVector.get(lo & RTE.VECTOR) & (1 << pin)) !== 0),
  ),
  property('isr_count is the number of vectors in service', (c) => {
    const { lapics } = c;
    return countVcpus(c, (vcpu) => lapics.at(vcpu).isrCount !== lapics.at(vcpu).isr.count()) === 0;
  }),
  property('as many RTC ticks are pending as LAPICs owe an EOI', (c) => {
    const owed = countVcpus(c, (vcpu) => c.lapics.at(vcpu).rtcOwed === 1);
    return c.state.ioapic.rtcPending === owed;
  }),
];
