// A translation that was made goes into the cache, with the ITS locked. Linux: vgic-its.c vgic_its_cache_translation.

import { handle, u32 } from '@virq/irq-core/arena';
import { type Combinators, DONE, type Outcome, protocolsOn } from '@virq/irq-core/protocol';
import { doorbellOf } from '../translate.ts';
import { FORGET_LOCALS, type ForgetFrame } from './forget.ts';
import { vgicPutIrq } from './put.ts';
import { type ItsMachine, itsOf, lpiLockOf, lpisOf, policyOf } from './world.ts';

const { protocol } = protocolsOn<ItsMachine>();

/** The translation of `device` and `event` is `lpi`. */
export const KEEP_LOCALS = { ...FORGET_LOCALS, device: u32, event: u32, lpi: handle } as const;
export type KeepFrame = ForgetFrame & { device: number; event: number; lpi: number };

/** The cache gets a reference of its own; whoever has cached the same in between loses his. A forwarded LPI is not cached. */
export const vgicItsCacheTranslation = protocol(
  'vgic_its_cache_translation',
  KEEP_LOCALS,
  (p: Combinators<ItsMachine, KeepFrame>) => ({
    hold(m, f): Outcome<'lock lpi'> {
      if (lpisOf(m, f).at(f.lpi).hw === 1) return DONE;
      if (policyOf(m, f).cache === 'lru') return 'lock lpi';
      lpisOf(m, f).hold(f.lpi);
    },
    store(m, f): Outcome<'displaced'> {
      const its = itsOf(m, f);
      f.put = its.cache.store(doorbellOf(its), f.device, f.event, f.lpi);
      return 'displaced';
    },
    ...p.spinlocked('lpi', lpiLockOf, {
      insert: (m, f) => itsOf(m, f).cache.insert(doorbellOf(itsOf(m, f)), f.device, f.event, f.lpi),
    }),
    end: (): Outcome<never> => DONE,
    displaced: (_m, f): Outcome<never> => (f.put === 0 ? DONE : undefined),
    ...p.include('put', vgicPutIrq as never),
  }),
);
