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

/** Bits that follow from the group enables. */
function groupBits({ hcr, vmcr }: CpuInterface): number {
  const on0 = hcr.group0On & vmcr.enable0;
  const off0 = hcr.group0Off & (1 - vmcr.enable0);
  const on1 = hcr.group1On & vmcr.enable1;
  const off1 = hcr.group1Off & (1 - vmcr.enable1);
  return (on0 * MISR.GROUP0_ON) | (off0 * MISR.GROUP0_OFF) | (on1 * MISR.GROUP1_ON) | (off1 * MISR.GROUP1_OFF);
}

/** MISR: why a maintenance interrupt is asked for. */
export function misr(c: CpuInterface, nrLr: number): number {
  const { hcr } = c;
  let ended = 0;
  let valid = 0;
  let pending = 0;
  for (let n = 0; n < nrLr; n++) {
    const lr = c.lrs.at(n);
    const { state } = lr;
    if (state !== LR_STATE.INVALID) valid++;
    else if (signalsEoi(lr)) ended = MISR.EOI;
    if (state === LR_STATE.PENDING) pending++;
  }
  const underflow = hcr.uie === 1 && valid < 2 ? MISR.U : 0;
  const uncounted = hcr.lrenpie === 1 && hcr.eoiCount !== 0 ? MISR.LRENP : 0;
  const nonePending = hcr.npie === 1 && pending === 0 ? MISR.NP : 0;
  return ended | underflow | uncounted | nonePending | groupBits(c);
}

/** The line of the maintenance interrupt. */
export const maintenancePending = (c: CpuInterface, nrLr: number): boolean => c.hcr.en === 1 && misr(c, nrLr) !== 0;
