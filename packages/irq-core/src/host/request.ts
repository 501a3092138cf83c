// request_irq: which handlers may share a line. Linux: kernel/irq/manage.c __setup_irq, request_threaded_irq.

import { EBUSY, EINVAL, ENOTCONN } from '../errors.ts';
import { IRQF } from './flags.ts';

/** IRQ_NOTCONNECTED. */
export const IRQ_NOTCONNECTED = 0x80000000;

/** Arguments of request_threaded_irq that its rules look at. */
export interface IrqRequest {
  readonly irq: number;
  readonly flags: number;
  readonly hasHandler: boolean;
  readonly hasThread: boolean;
  /** dev_id is not NULL. */
  readonly hasDevId: boolean;
  /** The chip is IRQCHIP_ONESHOT_SAFE. */
  readonly oneshotSafe?: boolean;
}

const has = (flags: number, flag: number): boolean => (flags & flag) !== 0;

/** Rules that need no line: 0 or negative errno (T167). */
export function requestError(r: IrqRequest, lineExists: boolean): number {
  if (r.irq === IRQ_NOTCONNECTED) return -ENOTCONN;
  const { flags } = r;
  const shared = has(flags, IRQF.SHARED);
  if (shared && (!r.hasDevId || has(flags, IRQF.NO_AUTOEN))) return -EINVAL;
  if (!shared && has(flags, IRQF.COND_SUSPEND)) return -EINVAL;
  if (has(flags, IRQF.NO_SUSPEND) && has(flags, IRQF.COND_SUSPEND)) return -EINVAL;
  if (!lineExists || (!r.hasHandler && !r.hasThread)) return -EINVAL;
  const threadedOnly = !r.hasHandler;
  return threadedOnly && !has(flags, IRQF.ONESHOT) && r.oneshotSafe !== true ? -EINVAL : 0;
}

/** Flags with which a new action joins a line held by `old`, or -EBUSY (the "Flags mismatch" message). */
export function joinFlags(old: number, flags: number): number {
  const adapted = has(flags, IRQF.COND_ONESHOT) && has(old, IRQF.ONESHOT) ? flags | IRQF.ONESHOT : flags;
  const same = (mask: number): boolean => (old & mask) === (adapted & mask);
  const ok =
    has(old, IRQF.SHARED) &&
    has(adapted, IRQF.SHARED) &&
    same(IRQF.TRIGGER_MASK) &&
    same(IRQF.ONESHOT) &&
    same(IRQF.PERCPU);
  return ok ? adapted : -EBUSY;
}

/** The kernel's message: `genirq: Flags mismatch irq 16. 00000000 (vfio-intx(…)) vs. 00000080 (ehci_hcd)`. */
export function mismatchMessage(
  irq: number,
  next: { flags: number; name: string },
  old: { flags: number; name: string },
): string {
  const hex = (v: number): string => v.toString(16).padStart(8, '0');
  return `genirq: Flags mismatch irq ${irq}. ${hex(next.flags)} (${next.name}) vs. ${hex(old.flags)} (${old.name})`;
}
