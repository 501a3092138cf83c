// The list of handlers on a line. Linux: kernel/irq/manage.c __setup_irq, __free_irq.

import type { Action, HostState, IrqDesc } from './layout.ts';

/** The bit of an action in threads_oneshot, 0 if it has none. */
export const threadMask = (a: Action): number => (a.threadBit === 0 ? 0 : 1 << (a.threadBit - 1));

/** Actions on a line. */
export function countActions(state: HostState, d: IrqDesc): number {
  let n = 0;
  for (let h = d.actions; h !== 0; h = state.actions.at(h).next) n++;
  return n;
}

/** Puts an action at the end of the list; on a ONESHOT line it takes the lowest free bit of threads_oneshot. */
export function appendAction(state: HostState, d: IrqDesc, h: number): void {
  let [last, used] = [0, 0];
  for (let at = d.actions; at !== 0; last = at, at = state.actions.at(at).next)
    used |= threadMask(state.actions.at(at));
  if (last === 0) d.actions = h;
  else state.actions.at(last).next = h;
  if (d.oneshot === 1) state.actions.at(h).threadBit = 32 - Math.clz32(~used & (used + 1));
}

/** Frees the slot of an action that is off the list, once nobody is in it. */
export function reapAction(state: HostState, h: number): void {
  const a = state.actions.at(h);
  if (a.dead === 1 && a.running === 0 && state.irqs.at(a.irq).inProgress === 0) state.actions.free(h);
}

/** Frees what died while the handlers of a line ran. */
export function reapLine(state: HostState, irq: number): void {
  for (let i = state.actions.next(0); i >= 0; i = state.actions.next(i + 1))
    if (state.actions.slot(i).irq === irq) reapAction(state, state.actions.handleOf(i));
}

/** Takes the action of a kind and owner off the list; false if there is none. */
export function unlinkAction(state: HostState, d: IrqDesc, kind: number, owner: number): boolean {
  for (let before = 0, h = d.actions; h !== 0; before = h, h = state.actions.at(h).next) {
    const a = state.actions.at(h);
    if (a.kind !== kind || a.owner !== owner) continue;
    if (before === 0) d.actions = a.next;
    else state.actions.at(before).next = a.next;
    a.dead = 1;
    reapAction(state, h);
    return true;
  }
  return false;
}
