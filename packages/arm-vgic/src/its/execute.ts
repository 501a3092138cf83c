// A command in one go, for when nobody comes between: it leaves what protocols/commands.ts leaves.

import { begin, finish } from './commands.ts';
import type { ItsContext } from './context.ts';
import { nextOfEach } from './each.ts';
import type { Lpis } from './lpis.ts';
import { doorbellOf } from './translate.ts';
import { EACH, EFFECT, type Work } from './work.ts';

type Apply = (lpis: Lpis, w: Work) => number;

const isFiltered = (lpis: Lpis, { lpi, filter }: Work): boolean => filter !== 0 && lpis.at(lpi).target !== filter;

const APPLY: readonly Apply[] = Object.assign([], {
  [EFFECT.NONE]: () => 0,
  [EFFECT.RETARGET](lpis: Lpis, w: Work) {
    if (!isFiltered(lpis, w)) lpis.retarget(w.lpi, w.target);
    return 0;
  },
  [EFFECT.CONFIGURE]: (lpis: Lpis, w: Work) => (isFiltered(lpis, w) ? 0 : lpis.configure(w.lpi)),
  [EFFECT.TRIGGER]: (lpis: Lpis, w: Work) => lpis.raise(w.lpi),
  [EFFECT.CLEAR]: (lpis: Lpis, w: Work) => lpis.clear(w.lpi),
});

/** What happens to the LPI, all at once: 0 or -errno. */
export const applyEffect = (lpis: Lpis, w: Work): number => APPLY[w.effect]?.(lpis, w) ?? 0;

function putBack(lpis: Lpis, w: Work): void {
  if (w.put !== 0) lpis.put(w.put);
  w.put = 0;
}

/** Carries out one command: 0, a code of E_ITS, or -errno. */
export function execute(its: ItsContext, w: Work): number {
  const { lpis, cache } = its;
  const error = begin(its, w);
  if (error !== 0) return error;
  while (nextOfEach(its, w)) {
    applyEffect(lpis, w);
    putBack(lpis, w);
  }
  if (w.forget === 1) cache.clear();
  if (w.keep === 1 && lpis.at(w.lpi).hw === 0) cache.insert(doorbellOf(its), w.device, w.event, w.lpi);
  putBack(lpis, w);
  if (w.wanted !== 0) want(lpis, w);
  const result = w.each === EACH.NONE ? applyEffect(lpis, w) : 0;
  return result === 0 ? finish(its, w) : result;
}

/** The LPI of an INTID, with a reference for the ITE. */
function want(lpis: Lpis, w: Work): void {
  const lpi = lpis.add(w.wanted, w.target);
  if (lpi < 0) w.error = -lpi;
  else w.lpi = lpi;
}
