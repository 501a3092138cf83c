// Register maps of the x86 interrupt controllers.

import type { RegisterMap } from '@virq/irq-core/registers';
import { IOAPIC } from './ioapic.ts';
import { LAPIC } from './lapic.ts';
import { MSI } from './msi.ts';

/** All maps, for docs, `describe` and conformance. */
export const REGISTERS: readonly RegisterMap[] = [LAPIC, IOAPIC, MSI];
export { IOAPIC, LAPIC, MSI };
