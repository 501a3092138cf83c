// All register maps of the VGIC.

import type { RegisterMap } from '@virq/irq-core/registers';
import { GITS } from '../its/registers.ts';
import { GICC } from './gicc.ts';
import { GICD_V2, GICD_V3 } from './gicd.ts';
import { GICR_RD, GICR_SGI } from './gicr.ts';
import { GICH } from './ich.ts';

/** By block. */
export const REGISTERS: readonly RegisterMap[] = [GICD_V2, GICC, GICH, GICD_V3, GICR_RD, GICR_SGI, GITS];
