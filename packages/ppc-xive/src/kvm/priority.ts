// Priorities as guests count them and as KVM uses them. Linux: book3s_xive.h xive_prio_from_guest, xive_prio_to_guest.

import { MASKED } from '../opal/codes.ts';

export { MASKED };

/** Queue that takes the interrupts of every priority without one of its own. */
export const LAST_PRIORITY = 6;

/** Priority of the queue for a guest's priority: 0 to 5 and 0xFF as they are, all others 6. */
export const fromGuest = (priority: number): number =>
  priority === MASKED || priority < LAST_PRIORITY ? priority : LAST_PRIORITY;
