// What the parts of an ITS share.

import type { Trace } from '@virq/irq-core/events';
import type { Ram } from '../memory/ram.ts';
import type { TranslationCache } from './cache.ts';
import type { Collection, ItsState } from './layout.ts';
import type { Lpis, Redistributors } from './lpis.ts';
import type { Mappings } from './mappings.ts';
import type { ItsPolicy } from './policy.ts';

/** What the VM gives an ITS. */
export interface ItsHost {
  readonly ram: Ram;
  readonly lpis: Lpis;
  readonly redistributors: Redistributors;
  readonly policy: ItsPolicy;
  readonly trace: Trace;
}

/** An ITS from inside. */
export interface ItsContext extends ItsHost {
  readonly state: ItsState;
  readonly maps: Mappings;
  readonly cache: TranslationCache;
}

/** vCPU index of an RDbase as this kernel reads it, -1 for none. */
export function vcpuOf({ policy, redistributors }: ItsContext, target: number): number {
  if (policy.target === 'id') return redistributors.indexOf(target);
  return target < redistributors.vcpus ? target : -1;
}

/** 1 + index of a collection's vCPU, 0 for none. */
export const irqTargetOf = (its: ItsContext, { target }: Collection): number => vcpuOf(its, target) + 1;
