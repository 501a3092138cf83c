// An LPI changes under its lock and is queued. Linux: vgic-its.c update_affinity, update_lpi_config, vgic_its_trigger_msi, vgic-v3.c vgic_v3_lpi_sync_pending_status.

import { bits, handle, u16 } from '@virq/irq-core/arena';
import { type Combinators, DONE, type Outcome, protocolsOn } from '@virq/irq-core/protocol';
import type { Irq } from '../../irq/layout.ts';
import { type Change, QUEUE_LOCALS, queueing } from '../../lists/queue.ts';
import { applyEffect } from '../execute.ts';
import { EFFECT, type Work } from '../work.ts';
import { type ItsMachine, lpisOf, vmOf } from './world.ts';

const { protocol } = protocolsOn<ItsMachine>();

/** `lpi` is the LPI, 0 for none, `effect` what happens to it (work.ts) if its target is `filter` or that is 0. */
export const CHANGE_LOCALS = { ...QUEUE_LOCALS, lpi: handle, effect: bits(3), filter: u16 } as const;
export type ChangeFrame = { -readonly [K in keyof typeof CHANGE_LOCALS]: number };

/** What changes; true if the LPI may have to be queued then. */
const CHANGES: readonly ((i: Irq, f: ChangeFrame) => boolean)[] = Object.assign([], {
  [EFFECT.NONE]: () => false,
  [EFFECT.RETARGET](i: Irq, f: ChangeFrame) {
    i.target = f.target;
    return false;
  },
  [EFFECT.CONFIGURE](i: Irq, f: ChangeFrame) {
    i.priority = f.value & 0xfc;
    i.enabled = f.value & 1;
    return true;
  },
  [EFFECT.PENDING](i: Irq, f: ChangeFrame) {
    i.pendingLatch = f.value;
    return true;
  },
  [EFFECT.TRIGGER](i: Irq) {
    i.pendingLatch = 1;
    return true;
  },
});

const change: Change = (i, frame) => {
  const f = frame as unknown as ChangeFrame;
  if (f.filter !== 0 && i.target !== f.filter) return false;
  return CHANGES[f.effect]?.(i, f) ?? false;
};

const changeAndQueue = queueing('vgic_queue_irq_unlock of an LPI', change);

/** The path. Abstraction: what happens to a forwarded LPI is one step, and so is CLEAR, which takes no lock. */
export const changeLpi = protocol('update of an LPI', CHANGE_LOCALS, (p: Combinators<ItsMachine, ChangeFrame>) => ({
  begin(m, f): Outcome<never> {
    if (f.lpi === 0 || f.effect === EFFECT.NONE) return DONE;
    if (f.effect === EFFECT.CLEAR || lpisOf(m, f).at(f.lpi).hw === 1) {
      applyEffect(lpisOf(m, f), f as unknown as Work);
      return DONE;
    }
    f.irq = vmOf(m, f).irqs.ofLpi(f.lpi);
    f.changed = f.listed = f.broadcast = 0;
  },
  ...p.include('queue', changeAndQueue as never),
}));
