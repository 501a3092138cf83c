// Register maps of the x86 interrupt controllers.

import type { RegisterMap } from '@virq/irq-core/registers';
import { IOAPIC } from './ioapic.ts';
import { LAPIC } from './lapic.ts';

/** All maps, for docs, `describe` and conformance. */
export const REGISTERS: readonly RegisterMap[] = [LAPIC, IOAPIC];
export { IOAPIC, LAPIC };
