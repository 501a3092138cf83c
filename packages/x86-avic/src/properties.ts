// What always holds of the x86 chips. Names read as sentences.

import type { BackendProperty } from '@virq/irq-core/backend';
import type { X86Chip } from './chip.ts';
import { RTE } from './ioapic.ts';
import { IOAPIC_PINS } from './layout.ts';

const property = (name: string, holds: (c: X86Chip) => boolean): BackendProperty => ({ name, holds });

/** Properties for `check`. */
export const properties: readonly BackendProperty[] = [
  property('an edge-triggered IOAPIC pin never has Remote IRR', (c) => {
    for (let pin = 0; pin < IOAPIC_PINS; pin++) {
      const { lo } = c.ioapic.entry(pin);
      if ((lo & RTE.REMOTE_IRR) !== 0 && (lo & RTE.LEVEL) === 0) return false;
    }
    return true;
  }),
  property('a level-triggered IOAPIC pin is pending exactly while some source asserts it', (c) => {
    for (let pin = 0; pin < IOAPIC_PINS; pin++) {
      const e = c.ioapic.entry(pin);
      if ((e.lo & RTE.LEVEL) !== 0 && (c.state.ioapic.irr & (1 << pin)) !== 0 && e.sources === 0) return false;
    }
    return true;
  }),
];
