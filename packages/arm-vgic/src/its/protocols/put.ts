// Somebody lets go of an LPI. Linux: vgic.c vgic_put_irq; which lock the count falls under is the kernels' difference (CVE-2026-74568).

import { handle, u1, u8, u32 } from '@virq/irq-core/arena';
import { type Combinators, DONE, type Outcome, protocolsOn } from '@virq/irq-core/protocol';
import { type ItsMachine, lpiLockOf, lpisOf, policyOf } from './world.ts';

const { protocol } = protocolsOn<ItsMachine>();

/** `put` is the LPI, 0 for none; `last` says that nobody holds it any more, `erased` is its INTID then. */
export const PUT_LOCALS = { vm: u8, put: handle, last: u1, erased: u32 } as const;
export type PutFrame = { -readonly [K in keyof typeof PUT_LOCALS]: number };

function countDown(m: ItsMachine, f: PutFrame): void {
  f.erased = lpisOf(m, f).at(f.put).intid;
  f.last = lpisOf(m, f).drop(f.put) ? 1 : 0;
}

/** A reference goes; with the last one the INTID's entry and the LPI. Nothing with `put` 0. */
export const vgicPutIrq = protocol('vgic_put_irq', PUT_LOCALS, (p: Combinators<ItsMachine, PutFrame>) => ({
  decrement(m, f): Outcome<'lock lpi'> {
    if (f.put === 0) return DONE;
    const form = policyOf(m, f).lpiPut;
    f.last = 0;
    if (form === 'locked' || (form === 'counted' && lpisOf(m, f).at(f.put).refs === 1)) return 'lock lpi';
    countDown(m, f);
    return f.last === 1 ? 'lock lpi' : DONE;
  },
  ...p.spinlocked('lpi', lpiLockOf, {
    decrementLast(m, f): Outcome<'unlock lpi'> {
      if (f.last === 0) countDown(m, f);
      return f.last === 1 ? undefined : 'unlock lpi';
    },
    erase: (m, f) => void lpisOf(m, f).table.erase(f.erased),
    free: (m, f) => lpisOf(m, f).release(f.put),
  }),
}));
