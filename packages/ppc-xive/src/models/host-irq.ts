// An interrupt of the host on XIVE: its source, what Linux remembers of the source's P bit, and free_irq.
// Linux: arch/powerpc/sysdev/xive/common.c xive_do_source_set_mask, xive_irq_eoi, xive_get_irqchip_state, xive_irq_shutdown; kernel/irq/manage.c free_irq, __synchronize_irq.
//
// P says that an entry of the source may be in a queue. Masking sets PQ to 01 and so forgets it: `savedP` keeps it. A handler that does not end the source leaves P set with no entry
// in any queue: `staleP` says so.

import { struct, u1, u8, type ViewOf } from '@virq/irq-core/arena';
import { BLOCKED, lock, protocolsOn } from '@virq/irq-core/protocol';

/**
 * Source: `p`, `q`, entries `queued` for it, EAS masked, ESB loads that return all ones. Linux: desc->lock, xive_irq_data, IRQD flags. `freed`: the descriptor is gone;
 * `orphaned`: an entry was taken from the queue after that.
 */
export const HostIrq = struct('irq', {
  desc: lock,
  p: u1,
  q: u1,
  queued: u8,
  easMasked: u1,
  allOnes: u1,
  savedP: u1,
  staleP: u1,
  disabled: u1,
  inProgress: u1,
  freed: u1,
  orphaned: u1,
});

/** A host interrupt. */
export type HostIrqView = ViewOf<typeof HostIrq>;

/** A machine that has one. */
export interface HasHostIrq {
  readonly irq: HostIrqView;
}

/** An event at the source: PQ 00 → 10 and an entry, 10 → 11; with PQ 01, or when the ESB is fenced or disabled, nothing. */
export function trigger(irq: HostIrqView): void {
  if (irq.allOnes === 1) return;
  if (irq.p === 1) irq.q = 1;
  else if (irq.q === 0) {
    irq.p = 1;
    if (irq.easMasked === 0) irq.queued++;
  }
}

/** ESB load SET_PQ: the new state is stored; returns the old P, or 1 if the load returns all ones and stores nothing. */
export function loadSetPq(irq: HostIrqView, p: 0 | 1, q: 0 | 1): number {
  if (irq.allOnes === 1) return 1;
  const old = irq.p;
  Object.assign(irq, { p, q });
  return old;
}

/** xive_do_source_set_mask(mask = true). */
export function maskSource(irq: HostIrqView): void {
  if (loadSetPq(irq, 0, 1) === 1 && irq.staleP === 0) irq.savedP = 1;
  irq.staleP = 0;
}

/** xive_irq_eoi: ends the source unless it is disabled, or an escalation, which is left alone. The entry no longer occupies the queue. */
export function eoi(irq: HostIrqView, leaveSource: boolean): void {
  irq.staleP = irq.disabled === 1 || leaveSource ? 1 : 0;
  irq.savedP = 0;
  if (irq.staleP === 1) return;
  const again = irq.q === 1 && irq.allOnes === 0;
  loadSetPq(irq, 0, 0);
  if (again) trigger(irq);
}

/** xive_get_irqchip_state(IRQCHIP_STATE_ACTIVE): whether an entry may be in a queue. What a fenced ESB returns says nothing (17328f218fb7), nor does P of a disabled interrupt (6f779e1d359b). */
export const isActive = (irq: HostIrqView): boolean =>
  irq.allOnes === 0 && irq.staleP === 0 && (irq.savedP === 1 || (irq.p === 1 && irq.disabled === 0));

/** The same before 17328f218fb7: the all ones of a fenced ESB are taken for P and Q. */
export const isActiveByP = (irq: HostIrqView): boolean =>
  irq.staleP === 0 && (irq.savedP === 1 || irq.p === 1 || irq.allOnes === 1);

/** Somebody holds the descriptor's lock or runs its handler. */
export const isBusy = (irq: HostIrqView): boolean => irq.desc.holder !== 0 || irq.inProgress === 1;

const { protocol } = protocolsOn<HasHostIrq>();

/** free_irq and irq_dispose_mapping: shuts the source down, waits until nothing is in flight (__synchronize_irq asks the chip, da15c03b047d), frees the descriptor. */
export const freeIrq = protocol('free_irq', {}, (p) => ({
  ...p.spinlocked('desc', (m) => m.irq.desc, {
    shutdown({ irq }) {
      irq.disabled = 1;
      maskSource(irq);
      irq.easMasked = 1;
    },
  }),
  synchronize: ({ irq }) => (isBusy(irq) || isActive(irq) ? BLOCKED : undefined),
  dispose({ irq }) {
    irq.freed = 1;
  },
}));
