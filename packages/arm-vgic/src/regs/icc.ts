// The GICv3 CPU interface as system registers. Arm IHI 0069 12.2 ICC_*, 12.4 ICV_*; Linux: arch/arm64/kvm/hyp/vgic-v3-sr.c __vgic_v3_perform_cpuif_access.

import {
  acknowledge,
  deactivateInterrupt,
  endOfInterrupt,
  highestPendingIntid,
  intidOf,
} from '../cpuif/acknowledge.ts';
import { type CpuPort, lastAp } from '../cpuif/port.ts';
import { DIRECT, effectiveBpr1, minimumBpr1, PREBITS, runningPriority } from '../cpuif/priorities.ts';

/** A write that KVM has to finish after an exit. */
export const TRAP = -1;

/** A register: its encoding op0:op1:CRn:CRm:op2 as KVM_DEV_ARM_VGIC_CPU_SYSREGS takes it, and what a guest's access does. */
export interface IccRegister {
  readonly instr: number;
  readonly read?: (p: CpuPort) => number;
  /** 0, or {@link TRAP}. */
  readonly write?: (p: CpuPort, value: number) => number;
}

/** Encoding of op0 3, op1 0. */
const encode = (crn: number, crm: number, op2: number): number => (3 << 14) | (crn << 7) | (crm << 3) | op2;

const done = 0;

function iarOf(p: CpuPort, group: number): number {
  const taken = acknowledge(p.c, group);
  const intid = intidOf(p.c, taken);
  if (taken === DIRECT) p.activated();
  return intid;
}

const iar = (group: number) => (p: CpuPort) => iarOf(p, group);

function eoir(group: number) {
  const eoi = { group, intid: 0, direct: true };
  return (p: CpuPort, value: number): number => {
    eoi.intid = value & 0xffffff;
    eoi.direct = p.trapped === null;
    endOfInterrupt(p.c, eoi, p.physical);
    return done;
  };
}

/** Linux: with TDIR a CPU traps every DIR; the handler of a trapped CPU interface looks at the LRs first. */
function dir(p: CpuPort, value: number): number {
  if (p.trapped === null && p.trapsDir()) return TRAP;
  return deactivateInterrupt(p.c, value & 0xffffff, p.physical) === 'exit' ? TRAP : done;
}

const clamp = (value: number, least: number): number => Math.max(value & 7, least);

/** Linux 7.3 tests bit 4 of the value in place of VMCR.CBPR. */
function ignoresBpr1({ c, trapped }: CpuPort, value: number): boolean {
  return trapped?.ignoresBpr1 === 'with bit 4 of the value' ? (value & 0x10) !== 0 : c.vmcr.cbpr === 1;
}

function writeBpr1(p: CpuPort, value: number): number {
  if (!ignoresBpr1(p, value)) p.c.vmcr.bpr1 = clamp(value, minimumBpr1(PREBITS));
  return done;
}

function writeBpr0({ c }: CpuPort, value: number): number {
  c.vmcr.bpr0 = clamp(value, minimumBpr1(PREBITS) - 1);
  return done;
}

/** Bits of ICC_CTLR_EL1 that the host fixes. */
function readCtlr({ c, vtr, trapped }: CpuPort): number {
  const seis = trapped !== null && !trapped.showsSeis ? 0 : vtr.seis;
  return (vtr.priBits << 8) | (vtr.idBits << 11) | (seis << 14) | (vtr.a3v << 15) | (c.vmcr.eoiMode << 1) | c.vmcr.cbpr;
}

function writeCtlr({ c }: CpuPort, value: number): number {
  c.vmcr.cbpr = value & 1;
  c.vmcr.eoiMode = (value >>> 1) & 1;
  return done;
}

/** Active priorities; a register beyond those that the host has reads as zero. */
const ap = (group: 'ap0' | 'ap1', n: number): Omit<IccRegister, 'instr'> => ({
  read: ({ c, vtr }) => (n > lastAp(vtr) ? 0 : c[group].get(n)),
  write({ c, vtr }, value) {
    if (n <= lastAp(vtr)) c[group].set(n, value >>> 0);
    return done;
  },
});

const apRegisters = (group: 0 | 1): Record<string, IccRegister> =>
  Object.fromEntries(
    [0, 1, 2, 3].map((n) => [
      `ICC_AP${group}R${n}_EL1`,
      { instr: group === 0 ? encode(12, 8, 4 + n) : encode(12, 9, n), ...ap(group === 0 ? 'ap0' : 'ap1', n) },
    ]),
  );

/** What names a group. */
const grouped = (group: 0 | 1, crm: number): Record<string, IccRegister> => ({
  [`ICC_IAR${group}_EL1`]: { instr: encode(12, crm, 0), read: iar(group) },
  [`ICC_EOIR${group}_EL1`]: { instr: encode(12, crm, 1), write: eoir(group) },
  [`ICC_HPPIR${group}_EL1`]: { instr: encode(12, crm, 2), read: ({ c }) => highestPendingIntid(c, group) },
});

function writePmr({ c }: CpuPort, value: number): number {
  c.vmcr.pmr = value & 0xf8;
  return done;
}

const enable = (field: 'enable0' | 'enable1'): Omit<IccRegister, 'instr'> => ({
  read: ({ c }) => c.vmcr[field],
  write({ c }, value) {
    c.vmcr[field] = value & 1;
    return done;
  },
});

/** ICC_SRE_EL1: SRE, DFB and DIB are fixed at one. */
export const SRE = 7;

/** Registers of the CPU interface by name. Those that generate SGIs trap always, and are not here (sgi/software-generated.ts). */
export const ICC: Readonly<Record<string, IccRegister>> = {
  ICC_PMR_EL1: { instr: encode(4, 6, 0), read: ({ c }) => c.vmcr.pmr, write: writePmr },
  ...grouped(0, 8),
  ...grouped(1, 12),
  ...apRegisters(0),
  ...apRegisters(1),
  ICC_BPR0_EL1: { instr: encode(12, 8, 3), read: ({ c }) => c.vmcr.bpr0, write: writeBpr0 },
  ICC_BPR1_EL1: { instr: encode(12, 12, 3), read: ({ c }) => effectiveBpr1(c.vmcr), write: writeBpr1 },
  ICC_DIR_EL1: { instr: encode(12, 11, 1), write: dir },
  ICC_RPR_EL1: { instr: encode(12, 11, 3), read: ({ c }) => runningPriority(c) },
  ICC_CTLR_EL1: { instr: encode(12, 12, 4), read: readCtlr, write: writeCtlr },
  ICC_SRE_EL1: { instr: encode(12, 12, 5), read: () => SRE, write: () => done },
  ICC_IGRPEN0_EL1: { instr: encode(12, 12, 6), ...enable('enable0') },
  ICC_IGRPEN1_EL1: { instr: encode(12, 12, 7), ...enable('enable1') },
};
