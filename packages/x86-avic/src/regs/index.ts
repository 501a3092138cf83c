// Register maps of the x86 interrupt controllers.

import type { RegisterMap } from '@virq/irq-core/registers';

/** All maps, for docs, `describe` and conformance. */
export const REGISTERS: readonly RegisterMap[] = [];
