// The ITSs of a VM and its LPIs.

import type { Context } from '../context.ts';
import { createCache } from '../its/cache.ts';
import { createIts, type Its } from '../its/its.ts';
import { createLpis, type Lpis } from '../its/lpis.ts';
import { createMsiPort, type MsiPort } from '../its/msi.ts';
import { createRam, type Ram } from '../memory/ram.ts';
import { RAM_BASE } from '../options.ts';
import { bindRedistributors } from './redistributors.ts';

/** GICR_PROPBASER once there is an ITS: inner shareable, RaWb; outer the same. Each new one sets it again. */
const PROPBASER_RESET = 0x580n;

/** Guest memory, LPIs, ITSs, and the way of MSIs into them. */
export interface ItsParts {
  readonly ram: Ram;
  readonly lpis: Lpis;
  /** Those that have been created. */
  readonly all: Its[];
  readonly msi: MsiPort;
  /** KVM_CREATE_DEVICE of an ITS: its index, or -1 when there is no room. */
  create(): number;
}

/** Creates them over zeroed state; `queue` takes the LPI of the pool. */
export function createItsParts(ctx: Context, queue: (lpi: number) => void): ItsParts {
  const { state, trace, profile, options } = ctx;
  const policy = profile.its;
  const ram = createRam(state.memory);
  ram.map(RAM_BASE, options.memory);
  const redistributors = bindRedistributors(ctx);
  const lpis = createLpis({ irqs: state.irqs, ram, redistributors, queue });
  const lru = policy.cache === 'lru' ? createCache({ entries: state.lru, policy, lpis }) : null;
  const all: Its[] = [];
  return {
    ram,
    lpis,
    all,
    msi: createMsiPort({ all, lpis }),
    create() {
      if (all.length >= options.its) return -1;
      const own = state.its.at(all.length);
      const cache = lru ?? createCache({ entries: own.cache, policy, lpis });
      const its = createIts(own, { ram, lpis, redistributors, policy, trace }, cache);
      its.init();
      state.dist.hasIts = 1;
      (state.dist as { propbaser: bigint }).propbaser = PROPBASER_RESET;
      return all.push(its) - 1;
    },
  };
}
