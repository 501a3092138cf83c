// The ITSs of a VM and its LPIs.

import type { Context } from '../context.ts';
import { createCache } from '../its/cache.ts';
import { createIts, type Its } from '../its/its.ts';
import { createLpis, type Lpis } from '../its/lpis.ts';
import { createMsiPort, type MsiPort } from '../its/msi.ts';
import { createRam, type Ram } from '../memory/ram.ts';
import { RAM_BASE } from '../options.ts';
import { createForwarding } from '../v4/forwarding.ts';
import { bindRedistributors } from './redistributors.ts';

/** GICR_PROPBASER once there is an ITS: inner shareable, RaWb; outer the same. Each new one sets it again. */
const PROPBASER_RESET = 0x580n;

/** Guest memory, LPIs, ITSs, and the way of MSIs into them. */
export interface ItsParts {
  readonly ram: Ram;
  readonly lpis: Lpis;
  /** Those that have been created. */
  readonly all: readonly Its[];
  readonly msi: MsiPort;
  /** KVM_CREATE_DEVICE of an ITS: its index, or -1 when there is no room. */
  create(): number;
}

/** Creates them over zeroed state; `queue` takes the LPI of the pool, `onCreated` is told of every ITS. */
export function createItsParts(ctx: Context, queue: (lpi: number) => void, onCreated: () => void): ItsParts {
  const { state, trace, profile, options } = ctx;
  const policy = profile.its;
  const ram = createRam(state.memory);
  ram.map(RAM_BASE, options.memory);
  const redistributors = bindRedistributors(ctx);
  const forwarding = createForwarding(ctx, { ram, configTable: redistributors.configTable });
  const lpis = createLpis({ irqs: state.irqs, ram, redistributors, forwarding, queue });
  const lru = policy.cache === 'lru' ? createCache({ entries: state.lru, policy, lpis }) : null;
  const built = Array.from({ length: options.its }, (_, n): Its => {
    const own = state.its.at(n);
    const cache = lru ?? createCache({ entries: own.cache, policy, lpis });
    return createIts(own, { ram, lpis, redistributors, policy, trace }, cache);
  });
  /** The ITSs that there are, by how many they are. */
  const created = Array.from({ length: options.its + 1 }, (_, n) => built.slice(0, n));
  return {
    ram,
    lpis,
    get all() {
      return created[state.dist.itss] as Its[];
    },
    // One that has not been created has no address either.
    msi: createMsiPort({ all: built, lpis }),
    create() {
      const n = state.dist.itss;
      const its = built[n];
      if (its === undefined) return -1;
      its.init();
      state.dist.itss++;
      state.dist.hasIts = 1;
      (state.dist as { propbaser: bigint }).propbaser = PROPBASER_RESET;
      onCreated();
      return n;
    },
  };
}
