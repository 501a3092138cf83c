// What a command has to do beyond what the ITS's own lock covers: LPIs that change under their locks, references that go, translations to forget. A command first
// says so here; then it is done in one go (execute.ts), or step by step where others come between (protocols/commands.ts).

import type { Command } from './command.ts';

/** What happens to an LPI. */
export const EFFECT = { NONE: 0, RETARGET: 1, CONFIGURE: 2, PENDING: 3, TRIGGER: 4, CLEAR: 5 } as const;

/** LPIs that it happens to one after the other: of the ITEs of a device, which go; of the ITEs of a collection; all that the VM has. */
export const EACH = { NONE: 0, ITES: 1, COLLECTION: 2, LPIS: 3 } as const;

/**
 * A command under way. Handles are 0 for none, targets 1 + vCPU. `target` is the new one, `value` a configuration byte or pending bit, `filter` the target that an LPI has to
 * have, 0 for any. `put` is an LPI whose reference goes. `handle` is the device or collection that it is about; `cursor` and `ite` say how far `each` is.
 * `wanted` is an INTID that has to have an LPI, `fresh` says that the collection was made for it, `error` is an errno met on the way.
 */
export interface Work extends Command {
  lpi: number;
  effect: number;
  value: number;
  target: number;
  filter: number;
  each: number;
  cursor: number;
  ite: number;
  handle: number;
  put: number;
  wanted: number;
  fresh: number;
  error: number;
  /** Translations are forgotten. */
  forget: number;
  /** The translation is kept in the cache. */
  keep: number;
}

/** Nothing to do yet. */
export function startWork(w: Work): void {
  w.lpi = w.effect = w.value = w.target = w.filter = 0;
  w.each = w.cursor = w.ite = w.handle = w.put = 0;
  w.wanted = w.fresh = w.error = w.forget = w.keep = 0;
}

/** An empty one, to be filled again and again. */
export const createWork = (): Work => ({
  ...{ opcode: 0, device: 0, event: 0, intid: 0, bits: 0, icid: 0, rdbase: 0, second: 0, ittLo: 0, ittHi: 0, valid: 0 },
  ...{ lpi: 0, effect: 0, value: 0, target: 0, filter: 0, each: 0, cursor: 0, ite: 0, handle: 0, put: 0 },
  ...{ wanted: 0, fresh: 0, error: 0, forget: 0, keep: 0 },
});
