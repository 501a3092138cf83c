// All register maps of the VGIC.

import type { RegisterMap } from '@virq/irq-core/registers';
import { GITS } from '../its/registers.ts';
import { GICC } from './gicc.ts';
import { GICD_V2, GICD_V3 } from './gicd.ts';
import { GICH } from './ich.ts';

/** By block. */
export const REGISTERS: readonly RegisterMap[] = [GICD_V2, GICD_V3, GICC, GICH, GITS];
