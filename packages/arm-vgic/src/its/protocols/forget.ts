// Translations are forgotten one by one while injections look them up. Linux: vgic-its.c vgic_its_invalidate_cache, vgic_its_invalidate_all_caches.

import { u8, u16 } from '@virq/irq-core/arena';
import { type Combinators, DONE, type Outcome, protocolsOn } from '@virq/irq-core/protocol';
import { PUT_LOCALS, type PutFrame, vgicPutIrq } from './put.ts';
import { type ItsMachine, itsOf, lpiLockOf, policyOf, vmOf } from './world.ts';

const { protocol } = protocolsOn<ItsMachine>();

/** `place` is one of the cache of ITS `its`. */
export const FORGET_LOCALS = { ...PUT_LOCALS, its: u8, place: u16 } as const;
export type ForgetFrame = PutFrame & { its: number; place: number };

/** Everything that the cache of an ITS knows. The list of 6.1 goes in one step, under the lock of the table of LPIs. */
export const vgicItsInvalidateCache = protocol(
  'vgic_its_invalidate_cache',
  FORGET_LOCALS,
  (p: Combinators<ItsMachine, ForgetFrame>) => ({
    start(m, f): Outcome<'erase'> {
      f.place = 0;
      return policyOf(m, f).cache === 'lru' ? undefined : 'erase';
    },
    ...p.spinlocked('lpi', lpiLockOf, { clear: (m, f) => itsOf(m, f).cache.clear() }),
    end: (): Outcome<never> => DONE,
    erase(m, f): Outcome<never> {
      const { cache } = itsOf(m, f);
      const place = cache.next(f.place);
      if (place < 0) {
        cache.tidy();
        return DONE;
      }
      f.place = place + 1;
      f.put = cache.take(place);
    },
    ...p.include('put', vgicPutIrq as never),
    again: (): Outcome<'erase'> => 'erase',
  }),
);

/** The same for all ITSs of the VM. */
export const vgicItsInvalidateAllCaches = protocol(
  'vgic_its_invalidate_all_caches',
  FORGET_LOCALS,
  (p: Combinators<ItsMachine, ForgetFrame>) => ({
    first(_m, f) {
      f.its = 0;
    },
    isDone: (m, f): Outcome<never> => (f.its === vmOf(m, f).its.all.length ? DONE : undefined),
    ...p.include('forget', vgicItsInvalidateCache as never),
    next(_m, f): Outcome<'isDone'> {
      f.its++;
      return 'isDone';
    },
  }),
);
