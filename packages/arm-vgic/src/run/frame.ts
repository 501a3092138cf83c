// Locals of the run loop's paths: those of the paths that they are made of.

import { u16 } from '@virq/irq-core/arena';
import { FLUSH_LOCALS } from '../lists/flush.ts';
import { FOLD_LOCALS } from '../lists/fold.ts';
import { PRUNE_LOCALS } from '../lists/prune.ts';

export const RUN_LOCALS = { ...FLUSH_LOCALS, ...FOLD_LOCALS, ...PRUNE_LOCALS, vcpu: u16 } as const;
export type RunFrame = { -readonly [K in keyof typeof RUN_LOCALS]: number };
