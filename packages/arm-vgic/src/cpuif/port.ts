// A CPU interface as instructions and the registers of user space see it: its state, and what of its behaviour hangs on the host.

import type { RunVcpu } from '../layout.ts';
import type { CpuInterface } from '../lr/layout.ts';
import type { TrapQuirks } from '../run/forms.ts';
import type { DeactivatePhysical } from './acknowledge.ts';
import { PREBITS } from './priorities.ts';

/** ICH_VTR_EL2 of the host: numbers of bits less one as the register has them. */
export interface Vtr {
  readonly priBits: number;
  readonly preBits: number;
  readonly idBits: number;
  readonly seis: number;
  readonly a3v: number;
  readonly tds: number;
  /** List registers. */
  readonly lrs: number;
}

/** A host with 32 priorities, 24 INTID bits and affinity level 3, as QEMU has it. */
export const vtrOf = (host: { readonly seis: boolean; readonly tdir: boolean; readonly nrLr: number }): Vtr => ({
  priBits: PREBITS - 1,
  preBits: PREBITS - 1,
  idBits: 1,
  seis: host.seis ? 1 : 0,
  a3v: 1,
  tds: host.tdir ? 1 : 0,
  lrs: host.nrLr,
});

/** ICH_VTR_EL2 as a word; bit 20 says that there are no virtual LPIs (nV4). */
export const vtrWord = (v: Vtr): number =>
  ((v.priBits << 29) |
    (v.preBits << 26) |
    (v.idBits << 23) |
    (v.seis << 22) |
    (v.a3v << 21) |
    (1 << 20) |
    (v.tds << 19) |
    (v.lrs - 1)) >>>
  0;

/** One vCPU's CPU interface. */
export interface CpuPort {
  readonly c: CpuInterface;
  readonly v: RunVcpu;
  readonly vtr: Vtr;
  readonly physical: DeactivatePhysical;
  /** The redistributor is told that what it presented is taken. */
  readonly activated: () => void;
  /** KVM's handler does what the guest wants, and departs from the CPU like this; null if the CPU does it. */
  readonly trapped: TrapQuirks | null;
  /** A DIR goes to KVM. */
  readonly trapsDir: () => boolean;
}

/** Highest n of ICC_AP<0,1>R<n>. */
export const lastAp = (v: Vtr): number => (1 << (v.preBits - 4)) - 1;
