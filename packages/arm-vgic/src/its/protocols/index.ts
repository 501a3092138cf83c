// Kernel paths of ITSs and LPIs.

import { vgicItsProcessCommands } from './commands.ts';
import { vgicItsInjectMsi } from './inject.ts';

/** Those that run by themselves; the others are parts of them. */
export const ITS_PROTOCOLS = [vgicItsProcessCommands, vgicItsInjectMsi] as const;
