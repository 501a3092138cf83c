// The memory-mapped virtual CPU interface of a GICv2 guest. Arm IHI 0048B 4.4, 5.5. Active priorities of both groups are in one register; on a GICv3 host that is ICH_AP1R<n>_EL2.

import { INTID } from '../irq/layout.ts';
import { LR_STATE } from '../lr/format.ts';
import type { CpuInterface } from '../lr/layout.ts';
import {
  activeLr,
  countEoi,
  type DeactivatePhysical,
  deactivateLr,
  intidOf,
  isSpecial,
  takeable,
} from './acknowledge.ts';
import { activateIn, dropPriority, groupPriority, highestPending, IDLE } from './priorities.ts';

/** What a read of IAR gives where only the other group has an interrupt: group 1 needs AckCtl or the aliased register. */
const OTHER_GROUP = 1022;

/** The LR as one of the two registers sees it: its value, or what stands for none. `alias`: AIAR, AHPPIR. */
function seen(c: CpuInterface, n: number, alias: boolean): number {
  if (n < 0) return INTID.SPURIOUS;
  const { group } = c.lrs.at(n);
  if (alias) return group === 1 ? intidOf(c, n) : INTID.SPURIOUS;
  return group === 1 && c.vmcr.ackCtl === 0 ? OTHER_GROUP : intidOf(c, n);
}

/** GICV_IAR, GICV_AIAR: takes the interrupt. Bits 12:10 are the sender of an SGI. */
export function readIar(c: CpuInterface, alias: boolean): number {
  const n = takeable(c);
  const value = seen(c, n, alias);
  if (n < 0 || value === OTHER_GROUP || value === INTID.SPURIOUS) return value;
  const lr = c.lrs.at(n);
  lr.state = LR_STATE.ACTIVE;
  activateIn(c.ap1, groupPriority(c.vmcr, lr.group, lr.priority));
  return value;
}

/** GICV_HPPIR, GICV_AHPPIR. */
export const readHppir = (c: CpuInterface, alias: boolean): number => seen(c, highestPending(c), alias);

/** GICV_EOIR, GICV_AEOIR: priority drop, and with EOImode 0 deactivation. With AckCtl, EOIR ends interrupts of both groups. */
export function writeEoir(c: CpuInterface, value: number, alias: boolean, physical: DeactivatePhysical): void {
  const { vmcr } = c;
  if (isSpecial(value & 0x3ff)) return;
  const dropped = dropPriority(c);
  if (dropped === IDLE || vmcr.eoiMode === 1) return;
  const lr = activeLr(c, value & 0x1fff);
  if (lr === undefined) return countEoi(c);
  const isOwnGroup = alias ? lr.group === 1 : lr.group === 0 || vmcr.ackCtl === 1;
  if (isOwnGroup && groupPriority(vmcr, lr.group, lr.priority) === dropped) deactivateLr(lr, physical);
  return undefined;
}
