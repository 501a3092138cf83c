// How kernels use list registers, as data: Linux 6.1 and 6.12 (vgic.c, vgic-v2.c, vgic-v3.c) against 7.x with its handling of overflow.

import type { Irq } from '../irq/layout.ts';
import { isPending } from '../irq/state.ts';
import type { Vmcr } from './layout.ts';

/**
 * What becomes of interrupts beyond the LRs.
 * `underflow`: an exit is asked for when LRs run empty; EOIcount is not read.
 * `eoicount`: EOIs counted by the hardware are replayed on what follows the last LR; DIR is trapped.
 * `head-walk`: the same from the head of the list, which deactivates interrupts that are in LRs (fixed by 6da5e537f5af).
 */
export type Overflow = 'underflow' | 'eoicount' | 'head-walk';

/** When the EOI of a level SPI is told to its irqfd: at every LR that shows it, or only if software knew the interrupt as active. */
export type AckGate = 'always' | 'deactivated';

/** Order of an interrupt in the ap_list before LRs are filled, lower first; equal ones keep their places. */
export type SortKey = (irq: Irq, isHere: boolean, vmcr: Vmcr) => number;

/** How a kernel fills LRs and reads them back. */
export interface LrForm {
  readonly overflow: Overflow;
  readonly sortKey: SortKey;
  /** By version of the host's GIC. */
  readonly ack: { readonly 2: AckGate; readonly 3: AckGate };
  /** The LR's active bit of an LPI is dropped at fold. */
  readonly dropsLpiActive: boolean;
  /** An SGI that is pending without a source: the LR keeps what it had, or becomes empty. */
  readonly sourceless: 'stale' | 'empty';
  /** All sources of an SGI come before any interrupt of lower priority. */
  readonly sgisFirst: boolean;
}

const LAST = 0x200;

/** Active ones first, in no order among them; then those that can be delivered, by priority; then the rest. */
const activeFirst: SortKey = (i) => {
  if (i.active === 1) return 0;
  return i.enabled === 1 && isPending(i) ? 1 + i.priority : LAST;
};

/** Those that stay here, then those of an enabled group, then deliverable ones, by priority, hardware's before others. */
const deliverableFirst: SortKey = (i, isHere, { enable0, enable1 }) => {
  const ranks = (isHere ? 0 : 4) | ((i.group === 1 ? enable1 : enable0) === 1 ? 0 : 2);
  const waits = i.enabled === 1 && isPending(i) && i.active === 0 ? 0 : 1;
  return ((ranks | waits) << 9) | (i.priority << 1) | (1 - i.hw);
};

const classic: LrForm = {
  overflow: 'underflow',
  sortKey: activeFirst,
  ack: { 2: 'always', 3: 'always' },
  dropsLpiActive: false,
  sourceless: 'stale',
  sgisFirst: true,
};

const counting: LrForm = {
  overflow: 'eoicount',
  sortKey: deliverableFirst,
  ack: { 2: 'always', 3: 'deactivated' },
  dropsLpiActive: true,
  sourceless: 'empty',
  sgisFirst: false,
};

/** By kernel. 6.1.192 and 6.12.117 do the same; 6.19-rc is 7.x with the walk that 6da5e537f5af repaired. */
export const LR_FORMS = {
  '6.1': classic,
  '6.12': classic,
  '6.19-rc': { ...counting, overflow: 'head-walk' },
  '7.3': counting,
} as const satisfies Record<string, LrForm>;
