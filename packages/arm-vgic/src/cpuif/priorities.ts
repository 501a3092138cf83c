// Priorities in a virtual CPU interface: binary points, groups of priorities, active priorities. Arm IHI 0069 4.8; Linux: arch/arm64/kvm/hyp/vgic-v3-sr.c.

import { LR_STATE } from '../lr/format.ts';
import { type CpuInterface, MAX_LRS, type Vmcr } from '../lr/layout.ts';

/** Running priority of a CPU that handles nothing. */
export const IDLE = 0xff;
/** Bits of preemption priority of a GIC for 32 levels: ICH_VTR_EL2.PREbits, 5 to 7. */
export const PREBITS = 5;

/** The least BPR1 of a CPU interface; a BPR0 may be one less. */
export const minimumBpr1 = (prebits: number): number => 8 - prebits;

/** BPR1 as it counts: with CBPR one more than BPR0, at most 7. */
export const effectiveBpr1 = (v: Vmcr): number => (v.cbpr === 1 ? Math.min(v.bpr0 + 1, 7) : v.bpr1);

/** The part of a priority that decides about preemption. */
export function groupPriority(v: Vmcr, group: number, priority: number): number {
  const shift = group === 0 ? v.bpr0 + 1 : effectiveBpr1(v);
  return priority & (0xff << shift) & 0xff;
}

const lowestBit = (word: number): number => 31 - Math.clz32(word & -word);

/** ICV_RPR: the highest active priority of both groups, {@link IDLE} for none. */
export function runningPriority(c: CpuInterface, prebits = PREBITS): number {
  for (let n = 0; n < 1 << (prebits - 5); n++) {
    const active = c.ap0.get(n) | c.ap1.get(n);
    if (active !== 0) return (32 * n + lowestBit(active)) << minimumBpr1(prebits);
  }
  return IDLE;
}

/** Sets the bit of a group priority in active priority registers. */
export function activateIn(aps: CpuInterface['ap0'], priority: number, prebits = PREBITS): void {
  const level = priority >> minimumBpr1(prebits);
  aps.set(level >> 5, (aps.get(level >> 5) | (1 << (level & 31))) >>> 0);
}

/** Marks the priority of an interrupt that was acknowledged as active. */
export function activatePriority(c: CpuInterface, group: number, priority: number, prebits = PREBITS): void {
  activateIn(group === 0 ? c.ap0 : c.ap1, groupPriority(c.vmcr, group, priority), prebits);
}

/** Priority drop: the highest active priority is no longer; of equal ones group 1 goes first. Returns it, {@link IDLE} for none. */
export function dropPriority(c: CpuInterface, prebits = PREBITS): number {
  for (let n = 0; n < 1 << (prebits - 5); n++) {
    const zero = c.ap0.get(n);
    const one = c.ap1.get(n);
    if ((zero | one) === 0) continue;
    const bit = lowestBit(zero | one);
    const aps = one !== 0 && lowestBit(one) === bit ? c.ap1 : c.ap0;
    aps.set(n, (aps.get(n) & ~(1 << bit)) >>> 0);
    return (32 * n + bit) << minimumBpr1(prebits);
  }
  return IDLE;
}

/** Stands for what the redistributor presents, where others are numbers of LRs. */
export const DIRECT = MAX_LRS;

/** Group and priority of an LR, or of {@link DIRECT}. */
export const candidateAt = (c: CpuInterface, n: number): { readonly group: number; readonly priority: number } =>
  n === DIRECT ? c.direct : c.lrs.at(n);

/** The LR with the highest priority that is pending and of an enabled group, -1 for none; the first of equal ones. {@link DIRECT} if what the redistributor presents is higher than all. */
export function highestPending(c: CpuInterface): number {
  let best = -1;
  let priority = IDLE;
  for (let n = 0; n < c.used; n++) {
    const lr = c.lrs.at(n);
    const enabled = lr.group === 0 ? c.vmcr.enable0 : c.vmcr.enable1;
    if (lr.state !== LR_STATE.PENDING || enabled === 0 || lr.priority >= priority) continue;
    best = n;
    priority = lr.priority;
  }
  const { direct, vmcr } = c;
  const open = direct.group === 0 ? vmcr.enable0 : vmcr.enable1;
  return direct.pending === 1 && open === 1 && direct.priority < priority ? DIRECT : best;
}
