// State of the host's interrupt lines. Linux: struct irq_desc, irqaction (include/linux/irqdesc.h, interrupt.h).

import { array, bits, handle, pool, struct, u1, u8, u16, u32, u64, type View } from '../arena/index.ts';

/** One handler on a line. `kind` selects the handler functions, `owner` is handed to them (dev_id). */
export const Action = struct('action', { kind: u8, owner: u16, flags: u32, threadBit: u8, next: handle, running: u1 });
export type Action = View<typeof Action>;

/**
 * One Linux irq. `asserted` has a bit per device wired to a level line (wired OR); `depth` is the disable depth;
 * `chipMasked` is the line's mask in hardware, which lazy disable leaves open.
 */
export const IrqDesc = struct('irqDesc', {
  flow: bits(2),
  present: u1,
  pending: u1,
  inProgress: u1,
  chipMasked: u1,
  oneshot: u1,
  unlazy: u1,
  spuriousDisabled: u1,
  depth: u8,
  asserted: u32,
  edges: u8,
  actions: handle,
  threadsActive: u8,
  count: u32,
  irqCount: u32,
  unhandled: u32,
  lastUnhandled: u64,
  affinity: u32,
  msiAddress: u64,
  msiData: u32,
});
export type IrqDesc = View<typeof IrqDesc>;

/** Sizes of the host's interrupt state. */
export interface HostLimits {
  /** Linux irq numbers 0..irqs-1. */
  readonly irqs: number;
  /** Actions on all lines together, ≤ 1023. */
  readonly actions: number;
}

/** State of all lines. */
export const hostLayout = (l: HostLimits) =>
  struct('host', { irqs: array(IrqDesc, l.irqs), actions: pool(Action, l.actions) });
export type HostState = View<ReturnType<typeof hostLayout>>;
