// Paths of ITSs as they were, or as they must not be: each differs from the kernel's of today in the steps that are named here.

import { omit, replace } from '@virq/irq-core/protocol';
import { vgicDisableLpis } from '../distributor/disable-lpis.ts';
import { nextOfEach } from '../its/each.ts';
import { PLACE } from '../its/layout.ts';
import { vgicItsProcessCommands } from '../its/protocols/commands.ts';
import { vgicItsInjectMsi } from '../its/protocols/inject.ts';
import { itsOf, lpisOf } from '../its/protocols/world.ts';
import { EACH, EFFECT } from '../its/work.ts';

/** A label as a step that was put in returns it. */
const go = (label: string): never => label as never;

/** A hit takes no reference, and drops none (before ad362fe07fec, CVE-2024-26598). */
export const hitsWithoutReference = replace(
  replace(vgicItsInjectMsi, 'takeReference', () => undefined),
  'deliver',
  (_m, f) => {
    f.put = 0;
    f.ret = 1;
  },
);

/** The reference that a hit took is never dropped. */
export const keepsReference = replace(vgicItsInjectMsi, 'deliver', (_m, f) => {
  f.put = 0;
  f.ret = 1;
});

/** Who invalidates reads an entry, drops its reference, and clears it then: whoever does the same meanwhile drops it once more. */
export const dropsWhatItReads = replace(
  replace(vgicDisableLpis, 'forget.forget.erase', (m, f) => {
    const its = itsOf(m, f);
    const place = its.cache.next(f.place);
    if (place < 0) return go('forget.next');
    f.place = place + 1;
    f.put = its.state.cache.at(place).lpi;
    return undefined;
  }),
  'forget.forget.again',
  (m, f) => {
    const its = itsOf(m, f);
    if (its.state.cache.at(f.place - 1).state === PLACE.USED) its.cache.take(f.place - 1);
    return go('forget.forget.erase');
  },
);

/** The count goes to zero before the lock of the table is taken (up to 6.18, CVE-2026-74568). */
export const erasesLate = replace(vgicItsInjectMsi, 'put.decrement', (m, f) => {
  f.erased = lpisOf(m, f).at(f.put).intid;
  f.last = lpisOf(m, f).drop(f.put) ? 1 : 0;
  return go(f.last === 1 ? 'put.lock lpi' : 'finish');
});

/** A command leaves the cache as it is. */
export const forgetsNothing = replace(vgicItsProcessCommands, 'forgetsOrNot', () => go('keepsOrNot'));

/** LPIs stay on the list of a vCPU whose LPIs are disabled (before 96085b949672). */
export const purgesNothing = omit(vgicDisableLpis, 'drop');

/** The list's reference is not dropped. */
export const keepsPurged = omit(vgicDisableLpis, 'put');

/** What MOVALL and INVALL go through is not held meanwhile (85a71ee9a070). */
export const holdsNoneOfAll = replace(vgicItsProcessCommands, 'nextOfEach', (m, f) => {
  const its = itsOf(m, f);
  if (!nextOfEach(its, f)) return go('forgetsOrNot');
  if (f.each === EACH.LPIS) its.lpis.put(f.put);
  if (f.each === EACH.LPIS) f.put = 0;
  return undefined;
});

/** MOVALL does not ask where an LPI was (6.18). */
export const movesAll = replace(vgicItsProcessCommands, 'readEach', (_m, f) => {
  f.filter = 0;
});

/** MOVALL changes nothing. */
export const movesNone = replace(vgicItsProcessCommands, 'readEach', (_m, f) => {
  f.effect = EFFECT.NONE;
});

/** DISCARD and MAPD leave the entry in memory (before 7602ffd1d5e8 and e9649129d33d). */
export const zeroesNothing = replace(vgicItsProcessCommands, 'finish', () => undefined);
