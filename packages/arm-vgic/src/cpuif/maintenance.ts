// The maintenance interrupt: EISR, ELRSR, MISR. Arm IHI 0069 12.4 ICH_MISR_EL2, IHI 0048B 5.3 GICH_MISR; Linux: arch/arm64/kvm/vgic/vgic-v3-nested.c.

import { signalsEoi } from '../lr/fold.ts';
import { LR_STATE } from '../lr/format.ts';
import type { CpuInterface } from '../lr/layout.ts';

/** Bits of MISR. */
export const MISR = {
  EOI: 0x01,
  U: 0x02,
  LRENP: 0x04,
  NP: 0x08,
  GROUP0_ON: 0x10,
  GROUP0_OFF: 0x20,
  GROUP1_ON: 0x40,
  GROUP1_OFF: 0x80,
} as const;

/** EISR: a bit per LR of `nrLr` that has ended and asked to tell. */
export function eisr(c: CpuInterface, nrLr: number): number {
  let bits = 0;
  for (let n = 0; n < nrLr; n++) if (signalsEoi(c.lrs.at(n))) bits |= 1 << n;
  return bits;
}

/** ELRSR: a bit per LR that is free: empty, and its EOI needs no telling. */
export function elrsr(c: CpuInterface, nrLr: number): number {
  let bits = 0;
  for (let n = 0; n < nrLr; n++) {
    const lr = c.lrs.at(n);
    if (lr.state === LR_STATE.INVALID && !signalsEoi(lr)) bits |= 1 << n;
  }
  return bits;
}

/** How many LRs are in a wanted state. */
function countStates(c: CpuInterface, nrLr: number, wanted: (state: number) => boolean): number {
  let count = 0;
  for (let n = 0; n < nrLr; n++) if (wanted(c.lrs.at(n).state)) count++;
  return count;
}

const isValid = (state: number): boolean => state !== LR_STATE.INVALID;
const isJustPending = (state: number): boolean => state === LR_STATE.PENDING;

/** Condition of each MISR bit. */
const CONDITIONS: readonly (readonly [number, (c: CpuInterface, nrLr: number) => boolean])[] = [
  [MISR.EOI, (c, n) => eisr(c, n) !== 0],
  [MISR.U, (c, n) => c.hcr.uie === 1 && countStates(c, n, isValid) < 2],
  [MISR.LRENP, (c) => c.hcr.lrenpie === 1 && c.hcr.eoiCount !== 0],
  [MISR.NP, (c, n) => c.hcr.npie === 1 && countStates(c, n, isJustPending) === 0],
  [MISR.GROUP0_ON, (c) => c.hcr.group0On === 1 && c.vmcr.enable0 === 1],
  [MISR.GROUP0_OFF, (c) => c.hcr.group0Off === 1 && c.vmcr.enable0 === 0],
  [MISR.GROUP1_ON, (c) => c.hcr.group1On === 1 && c.vmcr.enable1 === 1],
  [MISR.GROUP1_OFF, (c) => c.hcr.group1Off === 1 && c.vmcr.enable1 === 0],
];

/** MISR: why a maintenance interrupt is asked for. */
export function misr(c: CpuInterface, nrLr: number): number {
  let bits = 0;
  for (const [bit, holds] of CONDITIONS) if (holds(c, nrLr)) bits |= bit;
  return bits;
}

/** The line of the maintenance interrupt. */
export const maintenancePending = (c: CpuInterface, nrLr: number): boolean => c.hcr.en === 1 && misr(c, nrLr) !== 0;
