// State of the host's interrupt lines. Linux: struct irq_desc, irqaction (include/linux/irqdesc.h, interrupt.h).

import { array, bits, handle, pool, struct, u1, u8, u16, u32, u64, type View } from '../arena/index.ts';

/**
 * One handler on a line. `kind` selects the handler functions, `owner` is handed to them (dev_id). `threadBit` is 1 + its bit in the
 * line's threads_oneshot; `wake` is IRQTF_RUNTHREAD, `running` says that its thread is at work; `dead` is freed, but somebody is in it.
 */
export const Action = struct('action', {
  kind: u8,
  owner: u16,
  irq: u16,
  flags: u32,
  next: handle,
  threadBit: bits(4),
  threadedOnly: u1,
  wake: u1,
  running: u1,
  dead: u1,
});
export type Action = View<typeof Action>;

/**
 * One Linux irq. `asserted` has a bit per device wired to a level line (wired OR), `latched` is an edge not yet delivered; `raised` says
 * that an interrupt is on its way or being handled; `depth` is the disable depth; `chipMasked` is the line's mask in hardware, which lazy
 * disable leaves open; `threads` is threads_oneshot; `result` ORs what the handlers of one interrupt return; `deferred` and the two
 * counters of threads are the detector's.
 */
export const IrqDesc = struct('irqDesc', {
  flow: bits(2),
  present: u1,
  pending: u1,
  raised: u1,
  inProgress: u1,
  latched: u1,
  chipMasked: u1,
  oneshot: u1,
  unlazy: u1,
  spuriousDisabled: u1,
  deferred: u1,
  result: bits(2),
  depth: u8,
  asserted: u32,
  actions: handle,
  threads: u8,
  threadsHandled: u16,
  threadsHandledLast: u16,
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
