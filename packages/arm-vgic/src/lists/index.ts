// The ap_list paths.

import { vgicDeactivate } from './deactivate.ts';
import { vgicFlushLrState } from './flush.ts';
import { vgicFoldLrState } from './fold.ts';
import { vgicPruneApList } from './prune.ts';
import { vgicInjectIrq, vgicQueueIrqUnlock } from './queue.ts';

/** All of them. */
export const VGIC_PROTOCOLS = [
  vgicInjectIrq,
  vgicQueueIrqUnlock,
  vgicPruneApList,
  vgicFlushLrState,
  vgicFoldLrState,
  vgicDeactivate,
] as const;
