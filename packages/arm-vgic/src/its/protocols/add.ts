// An INTID gets an LPI, or the one that it has gets one more reference. Linux: vgic-its.c vgic_add_lpi.

import { handle, u1, u8, u32 } from '@virq/irq-core/arena';
import { type Combinators, DONE, type Outcome, protocolsOn } from '@virq/irq-core/protocol';
import { EFFECT } from '../work.ts';
import { CHANGE_LOCALS, type ChangeFrame, changeLpi } from './change.ts';
import { PUT_LOCALS, type PutFrame, vgicPutIrq } from './put.ts';
import { type ItsMachine, lpiLockOf, lpisOf, policyOf } from './world.ts';

const { protocol } = protocolsOn<ItsMachine>();

/** `wanted` is the INTID, `target` 1 + its vCPU if it is new; `lpi` is its LPI then, or `error` an errno. `old` is what the table had. */
export const ADD_LOCALS = { ...CHANGE_LOCALS, ...PUT_LOCALS, wanted: u32, error: u8, old: handle, bit: u1 } as const;
export type AddFrame = ChangeFrame & PutFrame & { wanted: number; error: number; old: number; bit: number };

/** Under the lock: the one that is there, if it can still be had; else the new one takes its place. Linux: 7.3 frees a dead one that it meets, 6.12 overwrites it. */
function register(m: ItsMachine, f: AddFrame): Outcome<never> {
  const lpis = lpisOf(m, f);
  f.old = lpis.table.find(f.wanted);
  if (f.old !== 0 && lpis.tryHold(f.old)) {
    lpis.at(f.lpi).refs = 0;
    lpis.release(f.lpi);
    f.lpi = f.old;
    return undefined;
  }
  lpis.table.store(f.wanted, f.lpi);
  if (f.old !== 0 && policyOf(m, f).lpiPut === 'counted') lpis.release(f.old);
  f.old = 0;
}

function fail(f: AddFrame, result: number): boolean {
  f.error = Math.max(0, -result);
  return f.error !== 0;
}

/** vgic_add_lpi. Configuration byte and pending bit of a new LPI are read from memory; the bit moves. */
export const addLpi = protocol('vgic_add_lpi', ADD_LOCALS, (p: Combinators<ItsMachine, AddFrame>) => ({
  find(m, f): Outcome<never> {
    const lpis = lpisOf(m, f);
    f.error = 0;
    f.lpi = lpis.find(f.wanted);
    if (f.lpi !== 0 && lpis.tryHold(f.lpi)) return DONE;
  },
  allocate: p.sleeps((m: ItsMachine, f: AddFrame): Outcome<never> => {
    const lpi = lpisOf(m, f).make(f.wanted, f.target);
    if (fail(f, lpi)) return DONE;
    f.lpi = lpi;
  }),
  ...p.spinlocked('lpi', lpiLockOf, { register }),
  readConfig: p.sleeps((m: ItsMachine, f: AddFrame): Outcome<'giveUp'> => {
    if (f.old !== 0) return DONE;
    const byte = lpisOf(m, f).memory.configByte(f.wanted);
    if (fail(f, byte)) return 'giveUp';
    f.value = byte;
    f.effect = EFFECT.CONFIGURE;
  }),
  ...p.include('config', changeLpi as never),
  readPending: p.sleeps((m: ItsMachine, f: AddFrame): Outcome<'giveUp'> => {
    const irq = lpisOf(m, f).at(f.lpi);
    if (irq.target === 0) return DONE;
    const bit = lpisOf(m, f).memory.pendingBit(irq);
    if (fail(f, bit)) return 'giveUp';
    f.value = f.bit = bit;
    f.effect = EFFECT.PENDING;
  }),
  ...p.include('pending', changeLpi as never),
  clearBit: p.sleeps((m: ItsMachine, f: AddFrame): Outcome<never> => {
    if (f.bit === 1) lpisOf(m, f).memory.clearPendingBit(lpisOf(m, f).at(f.lpi));
    return DONE;
  }),
  giveUp(_m, f) {
    f.put = f.lpi;
  },
  ...p.include('put', vgicPutIrq as never),
}));
