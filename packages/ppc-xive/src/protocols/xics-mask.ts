// Masking, unmasking and targeting of sources: RTAS ibm,set-xive, ibm,int-on, ibm,int-off. Linux: arch/powerpc/kvm/book3s_xive.c kvmppc_xive_set_xive, kvmppc_xive_int_on, kvmppc_xive_int_off.

import { u1, u8, u32 } from '@virq/irq-core/arena';
import { EINVAL, ENXIO } from '@virq/irq-core/errors';
import { BLOCKED, type Combinators, DONE, protocolsOn } from '@virq/irq-core/protocol';
import { fromGuest, MASKED } from '../kvm/priority.ts';
import { type XicsWorld, xicsOf } from './xics-world.ts';

const { protocol } = protocolsOn<XicsWorld>();

/** `old` is the guest's priority before; `retry` that an H_EOI is under way and the lock has to be taken again; `rc` a positive errno. */
export const MASK_LOCALS = { vm: u8, irq: u32, server: u32, priority: u8, old: u8, retry: u1, rc: u8 } as const;
type Frame = { -readonly [K in keyof typeof MASK_LOCALS]: number };

const stateOf = (m: XicsWorld, f: Frame) => xicsOf(m, f).source(f.irq);

/** kvmppc_xive_find_source. */
function find(m: XicsWorld, f: Frame): typeof DONE | undefined {
  f.rc = xicsOf(m, f).sources.find(f.irq) === null ? EINVAL : 0;
  return f.rc === 0 ? undefined : DONE;
}

/** xive_lock_and_mask: the guest's priority says masked from here on, before in_eoi is read. */
function hide(m: XicsWorld, f: Frame): void {
  const s = stateOf(m, f);
  f.old = s.guestPriority;
  s.guestPriority = MASKED;
}

/** An EOI is under way: everything back as it was, and once more. */
function isInEoi(m: XicsWorld, f: Frame): 'unlock sb' | undefined {
  const s = stateOf(m, f);
  f.retry = s.inEoi;
  if (s.inEoi === 0) return undefined;
  s.guestPriority = f.old;
  return 'unlock sb';
}

/** PQ := 10: what comes from now on stays in Q. What it was is kept. */
function stop(m: XicsWorld, f: Frame): void {
  if (f.old === MASKED) return;
  xicsOf(m, f).sources.stop(stateOf(m, f));
}

/** xive_native_sync_source: until nothing is on its way to a queue. */
function sync(m: XicsWorld, f: Frame): typeof BLOCKED | undefined {
  return f.old === MASKED || xicsOf(m, f).sources.isSynced(stateOf(m, f)) ? undefined : BLOCKED;
}

/** xive_finish_unmask: events of before join those of meanwhile. */
function restoreQ(m: XicsWorld, f: Frame): void {
  const s = stateOf(m, f);
  if (s.guestPriority === MASKED) xicsOf(m, f).sources.restoreQ(s);
}

/** Unless an EOI of the guest is still to come, the source starts again, and sends what Q has kept. */
function start(m: XicsWorld, f: Frame): void {
  const s = stateOf(m, f);
  if (s.guestPriority === MASKED) xicsOf(m, f).sources.start(s);
}

/** Abstraction: the loop that takes the lock over and over while in_eoi is set waits for that instead. */
const again = (m: XicsWorld, f: Frame): 'lock sb' | typeof BLOCKED | typeof DONE => {
  if (f.retry === 0) return DONE;
  return stateOf(m, f).inEoi === 1 ? BLOCKED : 'lock sb';
};

/** The target changes if the interrupt has one or gets one, and it is another. */
function retarget(m: XicsWorld, f: Frame): void {
  const s = stateOf(m, f);
  const priority = f.priority === MASKED ? s.actPriority : fromGuest(f.priority);
  if (priority === MASKED || (s.actServer === f.server && s.actPriority === priority)) return;
  f.rc = -xicsOf(m, f).target(s, f.server, priority);
}

/** Abstraction: a source of the block that was never made has no pages to be switched on by; it stays masked. */
function isMade(m: XicsWorld, f: Frame): 'unlock sb' | undefined {
  const { sources, warn } = xicsOf(m, f);
  if (f.priority === MASKED || sources.select(stateOf(m, f)) >= 0) return undefined;
  warn(`irq 0x${f.irq.toString(16)} has no pages`);
  f.rc = ENXIO;
  return 'unlock sb';
}

/** kvmppc_xive_set_xive: masks or unmasks, and targets; a target that cannot be had leaves the old one. */
export const setXive = protocol('kvmppc_xive_set_xive', MASK_LOCALS, (p: Combinators<XicsWorld, Frame>) => ({
  needsQueue: (_m, f) => (f.priority === MASKED ? 'find' : undefined),
  ...p.locked('xive', (m, f) => xicsOf(m, f).state.xiveLock, {
    provision(m, f) {
      f.rc = -xicsOf(m, f).provision(fromGuest(f.priority));
    },
  }),
  isProvisioned: (_m, f) => (f.rc === 0 ? undefined : DONE),
  find,
  ...p.locked('sb', (m, f) => xicsOf(m, f).blockLock(f.irq), {
    hide(m, f) {
      f.old = stateOf(m, f).guestPriority;
      if (f.priority === MASKED) hide(m, f);
    },
    isInEoi,
    stop: (m, f) => (f.priority === MASKED ? stop(m, f) : undefined),
    sync: (m, f) => (f.priority === MASKED ? sync(m, f) : undefined),
    retarget,
    isMade,
    restoreQ: (m, f) => (f.priority === MASKED ? 'save' : restoreQ(m, f)),
    start,
    show(m, f) {
      stateOf(m, f).guestPriority = f.priority;
    },
    save(m, f) {
      stateOf(m, f).savedPriority = f.priority;
    },
  }),
  again,
}));

/** kvmppc_xive_int_off: the priority is kept for ibm,int-on; a second time it keeps that of a masked source. */
export const intOff = protocol('kvmppc_xive_int_off', MASK_LOCALS, (p: Combinators<XicsWorld, Frame>) => ({
  find,
  ...p.locked('sb', (m, f) => xicsOf(m, f).blockLock(f.irq), {
    hide,
    isInEoi,
    stop,
    sync,
    save(m, f) {
      stateOf(m, f).savedPriority = f.old;
    },
  }),
  again,
}));

/** kvmppc_xive_int_on: -EINVAL for an interrupt that never had a target; nothing for one whose kept priority is that of a masked source. */
export const intOn = protocol('kvmppc_xive_int_on', MASK_LOCALS, (p: Combinators<XicsWorld, Frame>) => ({
  find,
  hasTarget(m, f) {
    const s = stateOf(m, f);
    if (s.actPriority === MASKED) f.rc = EINVAL;
    return s.actPriority === MASKED || s.savedPriority === MASKED ? DONE : undefined;
  },
  ...p.locked('sb', (m, f) => xicsOf(m, f).blockLock(f.irq), {
    isInEoi(m, f) {
      f.old = stateOf(m, f).guestPriority;
      return isInEoi(m, f);
    },
    restoreQ,
    start,
    show(m, f) {
      const s = stateOf(m, f);
      s.guestPriority = s.savedPriority;
    },
  }),
  again,
}));

/** xive_pre_save_mask_irq: a source is stopped for saving, with what its PQ was. */
export const preSaveMask = protocol('xive_pre_save_mask_irq', MASK_LOCALS, (p: Combinators<XicsWorld, Frame>) => ({
  ...p.locked('sb', (m, f) => xicsOf(m, f).blockLock(f.irq), {
    hide,
    isInEoi,
    stop,
    sync,
    keep(m, f) {
      const s = stateOf(m, f);
      Object.assign(s, { savedScanPrio: f.old, savedP: s.oldP, savedQ: s.oldQ });
    },
  }),
  again,
}));

/** xive_pre_save_unmask_irq: a source that was stopped for saving goes on. */
export const preSaveUnmask = protocol('xive_pre_save_unmask_irq', MASK_LOCALS, (p: Combinators<XicsWorld, Frame>) => ({
  ...p.locked('sb', (m, f) => xicsOf(m, f).blockLock(f.irq), {
    isInEoi(m, f) {
      f.old = stateOf(m, f).guestPriority;
      return isInEoi(m, f);
    },
    wasMasked: (m, f) => (stateOf(m, f).savedScanPrio === MASKED ? 'unlock sb' : undefined),
    restoreQ,
    start,
    show(m, f) {
      const s = stateOf(m, f);
      s.guestPriority = s.savedScanPrio;
    },
  }),
  again,
}));

/** The first half of xive_set_source: whatever the source was, it is masked now, and without a target. */
export const restoreMask = protocol('xive_set_source', MASK_LOCALS, (p: Combinators<XicsWorld, Frame>) => ({
  expose(m, f) {
    stateOf(m, f).guestPriority = 0;
  },
  ...p.locked('sb', (m, f) => xicsOf(m, f).blockLock(f.irq), {
    hide,
    isInEoi,
    stop,
    sync,
    untarget(m, f) {
      stateOf(m, f).actPriority = MASKED;
    },
  }),
  again,
}));
