// A guest takes and ends interrupts at its virtual CPU interface. Arm IHI 0069 12.4 ICV_*, IHI 0048B 5.5 GICV; Linux: arch/arm64/kvm/hyp/vgic-v3-sr.c.

import { INTID } from '../irq/layout.ts';
import { LR_STATE } from '../lr/format.ts';
import type { CpuInterface, Lr } from '../lr/layout.ts';
import {
  activatePriority,
  candidateAt,
  DIRECT,
  dropPriority,
  groupPriority,
  highestPending,
  IDLE,
  PREBITS,
  runningPriority,
} from './priorities.ts';

/** Where the deactivation of a hardware interrupt goes. */
export type DeactivatePhysical = (pintid: number) => void;

/** What an interface tells the CPU: nothing, FIQ (group 0) or IRQ (group 1). */
export const SIGNAL = { NONE: 'none', FIQ: 'fiq', IRQ: 'irq' } as const;

/** The LR that an acknowledge would take, -1 for none: pending, above the mask, and above what is running. */
export function takeable(c: CpuInterface, prebits = PREBITS): number {
  const n = highestPending(c);
  if (n < 0) return -1;
  const { priority, group } = candidateAt(c, n);
  const preempts = groupPriority(c.vmcr, group, priority) < runningPriority(c, prebits);
  return priority < c.vmcr.pmr && preempts ? n : -1;
}

/** The level that the interface drives. */
export function signalOf(c: CpuInterface, prebits = PREBITS): (typeof SIGNAL)[keyof typeof SIGNAL] {
  const n = takeable(c, prebits);
  if (c.hcr.en === 0 || n < 0) return SIGNAL.NONE;
  return candidateAt(c, n).group === 0 ? SIGNAL.FIQ : SIGNAL.IRQ;
}

/** ICV_IAR<group>: takes the interrupt and returns the number of its LR, -1 for a spurious read (1023). {@link DIRECT}: the redistributor has to be told, which takes it from its table. */
export function acknowledge(c: CpuInterface, group: number, prebits = PREBITS): number {
  const n = takeable(c, prebits);
  if (n < 0 || candidateAt(c, n).group !== group) return -1;
  if (n === DIRECT) c.direct.pending = 0;
  else c.lrs.at(n).state = LR_STATE.ACTIVE;
  activatePriority(c, group, candidateAt(c, n).priority, prebits);
  return n;
}

/** What IAR and HPPIR read for the LR: the INTID, for a v2 SGI with the sender in bits 12:10, 1023 for -1. */
export function intidOf(c: CpuInterface, n: number): number {
  if (n < 0) return INTID.SPURIOUS;
  if (n === DIRECT) return c.direct.intid;
  const { intid, source } = c.lrs.at(n);
  return intid | (source << 10);
}

/** ICV_HPPIR<group>: neither the mask nor what is running count. */
export function highestPendingIntid(c: CpuInterface, group: number): number {
  const n = highestPending(c);
  return intidOf(c, n >= 0 && candidateAt(c, n).group === group ? n : -1);
}

/** The LR in which an INTID is active, with the sender if it is a v2 SGI. */
export function activeLr(c: CpuInterface, intid: number): Lr | undefined {
  for (let n = 0; n < c.used; n++) {
    const lr = c.lrs.at(n);
    if ((lr.state & LR_STATE.ACTIVE) !== 0 && (lr.intid | (lr.source << 10)) === intid) return lr;
  }
  return undefined;
}

/** The LR is no longer active; a hardware interrupt is deactivated too. */
export function deactivateLr(lr: Lr, physical: DeactivatePhysical): void {
  lr.state &= ~LR_STATE.ACTIVE;
  if (lr.hw === 1) physical(lr.pintid);
}

/** EOIcount wraps after 31. */
export function countEoi({ hcr }: CpuInterface): void {
  hcr.eoiCount = (hcr.eoiCount + 1) & 31;
}

/** An EOI: of which group, with which number as read from IAR. `direct` if the CPU does it, not KVM's handler of a trapped access. */
export interface Eoi {
  readonly group: number;
  readonly intid: number;
  readonly direct?: boolean;
}

/** INTIDs that stand for no interrupt. */
export const isSpecial = (intid: number): boolean => intid >= INTID.SPECIAL && intid <= INTID.SPURIOUS;

/**
 * ICV_EOIR<group>: priority drop, and with EOImode 0 (LPIs always) deactivation if group and priority fit. The CPU ignores special INTIDs, and counts an interrupt
 * that is in no LR only if a priority was dropped and EOImode is 0, an SGI not with vSGIEOICount. Linux: the trap handler counts it whatever the EOImode, unless it is an LPI.
 */
export function endOfInterrupt(c: CpuInterface, e: Eoi, physical: DeactivatePhysical, prebits = PREBITS): void {
  const isDirect = e.direct === true;
  if (isDirect && isSpecial(e.intid)) return;
  const dropped = dropPriority(c, prebits);
  if (isDirect && dropped === IDLE) return;
  const isLpi = e.intid >= INTID.LPI;
  const lr = activeLr(c, e.intid);
  if (lr === undefined) {
    const isUncounted = isLpi || (e.intid < INTID.PPI && c.hcr.sgiEoiCount === 1);
    if (!isUncounted && !(isDirect && c.vmcr.eoiMode === 1)) countEoi(c);
    return;
  }
  if (c.vmcr.eoiMode === 1 && !isLpi) return;
  if (lr.group === e.group && groupPriority(c.vmcr, e.group, lr.priority) === dropped) deactivateLr(lr, physical);
}

/** ICV_DIR: with EOImode 1 only, and not for LPIs. `exit` if KVM has to do it: the interrupt is in no LR, and TDIR is set. */
export function deactivateInterrupt(c: CpuInterface, intid: number, physical: DeactivatePhysical): 'done' | 'exit' {
  if (c.vmcr.eoiMode === 0 || intid >= INTID.LPI) return 'done';
  const lr = activeLr(c, intid);
  if (lr !== undefined) deactivateLr(lr, physical);
  else if (c.hcr.tdir === 1) return 'exit';
  else countEoi(c);
  return 'done';
}
