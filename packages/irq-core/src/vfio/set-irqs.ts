// VFIO_DEVICE_SET_IRQS: indices, flags and what is refused before any handler runs. Linux: drivers/vfio/vfio_main.c, include/uapi/linux/vfio.h.

import { EINVAL, ENOTTY } from '../errors.ts';

/** VFIO_PCI_*_IRQ_INDEX. */
export const INDEX = { INTX: 0, MSI: 1, MSIX: 2, ERR: 3, REQ: 4 } as const;
/** VFIO_IRQ_SET data types and actions. */
export const DATA = { NONE: 1, BOOL: 2, EVENTFD: 4 } as const;
export const ACTION = { MASK: 8, UNMASK: 16, TRIGGER: 32 } as const;
const KNOWN = 63;
const DATA_MASK = 7;
const ACTION_MASK = 56;

/** struct vfio_irq_set with its payload: booleans, or eventfds (-1 for none). */
export interface SetIrqs {
  readonly index: number;
  readonly start: number;
  readonly count: number;
  readonly flags: number;
  readonly data: readonly number[];
}

const oneBit = (v: number): boolean => v !== 0 && (v & (v - 1)) === 0;

/** (index, action) pairs that have a handler on PCI. */
const HANDLED: ReadonlySet<number> = new Set([
  INDEX.INTX * 64 + ACTION.MASK,
  INDEX.INTX * 64 + ACTION.UNMASK,
  INDEX.INTX * 64 + ACTION.TRIGGER,
  INDEX.MSI * 64 + ACTION.TRIGGER,
  INDEX.MSIX * 64 + ACTION.TRIGGER,
  INDEX.ERR * 64 + ACTION.TRIGGER,
  INDEX.REQ * 64 + ACTION.TRIGGER,
]);

/** 0, -EINVAL for a malformed request, -ENOTTY for a pair without handler (T155). `num` is the index's interrupt count. */
export function setIrqsError(r: SetIrqs, num: number): number {
  const { index, start, count, flags } = r;
  if (index > INDEX.REQ || (flags & ~KNOWN) !== 0 || count >= 0x1_0000_0000 - start) return -EINVAL;
  const [data, action] = [flags & DATA_MASK, flags & ACTION_MASK];
  if (!oneBit(data)) return -EINVAL;
  if (start >= num || start + count > num) return -EINVAL;
  if (data !== DATA.NONE && r.data.length < count) return -EINVAL;
  if (!oneBit(action) || !HANDLED.has(index * 64 + action)) return -ENOTTY;
  return action === ACTION.MASK && data === DATA.EVENTFD ? -ENOTTY : 0;
}
