// The lock of a source's block with the source masked: how KVM begins whatever it does to one. Linux: book3s_xive.c xive_lock_and_mask.

import type { Outcome } from '@virq/irq-core/protocol';
import { BLOCKED } from '@virq/irq-core/protocol';
import { BLOCK_SOURCES } from '../kvm/layout.ts';
import { MASKED } from '../kvm/priority.ts';
import { type PowerMachine, roomOf, sourceOf } from './world.ts';

/** What the steps need of a frame: `prio` keeps the guest's priority while the source is masked; `retry`: an H_EOI is in its middle. */
export interface MaskFrame {
  readonly vm: number;
  readonly gsi: number;
  prio: number;
  retry: number;
}

/** sb->lock of a source's block. */
export const sbLockOf = (m: PowerMachine, f: { readonly vm: number; readonly gsi: number }) =>
  roomOf(m, f).context.state.sbLocks.at(Math.floor(f.gsi / BLOCK_SOURCES));

/**
 * Guest priority to 0xFF, unless an H_EOI is in its middle, which may want the lock: then it is dropped, and taken again by {@link maskAgain}. In
 * native mode the priority is 0xFF always, so that nothing is masked and nothing remembered.
 */
export function maskPriority(m: PowerMachine, f: MaskFrame): Outcome<'unlock sb'> {
  const s = sourceOf(m, f);
  f.retry = s.inEoi;
  if (s.inEoi === 1) return 'unlock sb';
  f.prio = s.guestPriority;
  s.guestPriority = MASKED;
  return undefined;
}

/** Abstraction: the loop that takes the lock over and over while in_eoi is set waits for that instead. */
export function maskAgain(m: PowerMachine, f: MaskFrame): Outcome<'lock sb'> {
  if (f.retry === 0) return undefined;
  return sourceOf(m, f).inEoi === 1 ? BLOCKED : 'lock sb';
}

/** PQ to 10 with the old one remembered, unless the guest had it masked. */
export function maskSource(m: PowerMachine, f: MaskFrame): void {
  if (f.prio === MASKED) return;
  roomOf(m, f).sources.stop(sourceOf(m, f));
}

/** Waits for what the source has sent. */
export function syncSource(m: PowerMachine, f: MaskFrame): Outcome<never> {
  const { sources } = roomOf(m, f);
  return f.prio === MASKED || sources.isSynced(sourceOf(m, f)) ? undefined : BLOCKED;
}

/** The guest's priority again, which lets its EOIs through. */
export function restorePriority(m: PowerMachine, f: MaskFrame): void {
  sourceOf(m, f).guestPriority = f.prio;
}
