// In which order a VMM writes the registers of a VGIC back, each step an attribute. Linux: Documentation/virt/kvm/devices/arm-vgic*.rst; QEMU: hw/intc/arm_gicv3_kvm.c kvm_arm_gicv3_put, arm_gic_kvm.c
// kvm_arm_gic_put, arm_gicv3_its_kvm.c kvm_arm_its_post_load.

import type { AttrName } from '@virq/irq-core/kvm';
import { INTID } from '../irq/layout.ts';
import { attrOf, CTRL, GRP, sysreg } from './codes.ts';

/** A value goes from one VM to the same place of another; or `value` is written whatever the first one has. */
export interface Step extends AttrName {
  readonly value?: bigint;
  /** Says what the VGIC is, not what it does: a reset leaves it. */
  readonly isIdentity?: boolean;
}

/** What a VGIC is made of: interrupts that are no LPIs; how its vCPUs are named in attributes. */
export interface VgicShape {
  readonly nrIrqs: number;
  /** Affinity (GICv3) or vCPU id (GICv2) of each. */
  readonly vcpus: readonly number[];
  /** Priority bits of each CPU interface. */
  readonly priBits: readonly number[];
}

const ALL_ONES = 0xffff_ffffn;

/** Offsets of the distributor; the same from GROUP to CONFIG in the second frame of a redistributor. */
const D = {
  CTLR: 0x0,
  IIDR: 0x8,
  GROUP: 0x80,
  ENABLE: [0x180, 0x100],
  PEND: [0x280, 0x200],
  ACTIVE: [0x380, 0x300],
  PRIORITY: 0x400,
  TARGET: 0x800,
  CONFIG: 0xc00,
  CPENDSGIR: 0xf10,
  SPENDSGIR: 0xf20,
  ROUTER: 0x6000,
} as const;
/** Offsets of a redistributor. */
const R = { CTLR: 0x0, WAKER: 0x14, PROPBASER: 0x70, PENDBASER: 0x78, SGI: 0x10000 } as const;
/** Offsets of a GICv2's CPU interface, in order. */
const C = [0x00, 0x04, 0x08, 0x1c, 0xd0, 0xd4, 0xd8, 0xdc] as const;

const SYSREG = {
  PMR: sysreg(6, 0, 4),
  BPR0: sysreg(8, 3),
  AP0R: sysreg(8, 4),
  AP1R: sysreg(9, 0),
  BPR1: sysreg(12, 3),
  CTLR: sysreg(12, 4),
  SRE: sysreg(12, 5),
  IGRPEN0: sysreg(12, 6),
  IGRPEN1: sysreg(12, 7),
} as const;

/** Every `step` from `from` up to `to`. */
const range = (from: number, to: number, step: number): number[] =>
  Array.from({ length: Math.max(0, Math.ceil((to - from) / step)) }, (_, i) => from + i * step);

const at = (group: number, attr: number, value?: bigint): Step =>
  value === undefined ? { group, attr } : { group, attr, value };

/** Words of a register with so many bits per interrupt, for INTIDs from `first` on. */
const words = (group: number, offset: number, bits: number, intids: readonly [number, number]): Step[] =>
  range(offset + (intids[0] * bits) / 8, offset + (intids[1] * bits) / 8, 4).map((attr) => at(group, attr));

/** Clear everything, then set what is set. */
function pair([clear, set]: readonly [number, number], intids: readonly [number, number]): Step[] {
  const cleared = words(GRP.DIST_REGS, clear, 1, intids);
  return words(GRP.DIST_REGS, set, 1, intids).flatMap((step, i) => [
    { ...(cleared[i] as Step), value: ALL_ONES },
    step,
  ]);
}

const redist = (affinity: number, offset: number, value?: bigint): Step =>
  at(GRP.REDIST_REGS, attrOf(affinity, offset), value);

/** Where LPIs' tables are, before GICR_CTLR turns LPIs on. */
const lpiTables = (affinity: number): Step[] =>
  [R.PROPBASER, R.PROPBASER + 4, R.PENDBASER, R.PENDBASER + 4].map((offset) => redist(affinity, offset));

/** Configuration before pending, so that level and edge are known; lines before latches. */
function privates(affinity: number): Step[] {
  const sgi = (offset: number, value?: bigint): Step => redist(affinity, R.SGI + offset, value);
  const both = ([clear, set]: readonly [number, number]): Step[] => [sgi(clear, ALL_ONES), sgi(set)];
  return [
    redist(affinity, R.CTLR),
    redist(affinity, R.WAKER),
    sgi(D.GROUP),
    ...both(D.ENABLE),
    sgi(D.CONFIG + 4),
    at(GRP.LEVEL_INFO, attrOf(affinity, 0)),
    ...both(D.PEND),
    ...both(D.ACTIVE),
    ...range(D.PRIORITY, D.PRIORITY + INTID.SPI, 4).map((offset) => sgi(offset)),
  ];
}

/** Highest number of an active priority register by priority bits. */
const lastAp = (bits: number): number => (bits === 7 ? 3 : bits === 6 ? 1 : 0);

function cpuInterface(affinity: number, priBits: number): Step[] {
  const reg = (instr: number): Step => at(GRP.CPU_SYSREGS, attrOf(affinity, instr));
  const identity = (instr: number): Step => ({ ...reg(instr), isIdentity: true });
  const { SRE, CTLR, IGRPEN0, IGRPEN1, PMR, BPR0, BPR1, AP0R, AP1R } = SYSREG;
  const active = (base: number): Step[] =>
    range(0, lastAp(priBits) + 1, 1)
      .reverse()
      .map((n) => reg(base + n));
  return [
    ...[SRE, CTLR].map(identity),
    ...[IGRPEN0, IGRPEN1, PMR, BPR0, BPR1].map(reg),
    ...active(AP0R),
    ...active(AP1R),
  ];
}

/** A GICv3: GICD_IIDR, redistributors, distributor with routes before pending state, CPU interfaces. */
export function v3Steps({ nrIrqs, vcpus, priBits }: VgicShape, hasLpis: boolean): Step[] {
  const spis = [INTID.SPI, nrIrqs] as const;
  const lines = range(INTID.SPI, nrIrqs, 32).map((intid) => at(GRP.LEVEL_INFO, attrOf(vcpus[0] as number, intid)));
  return [
    { ...at(GRP.DIST_REGS, D.IIDR), isIdentity: true },
    at(GRP.DIST_REGS, D.CTLR),
    ...(hasLpis ? vcpus.flatMap(lpiTables) : []),
    ...vcpus.flatMap(privates),
    ...pair(D.ENABLE, spis),
    ...words(GRP.DIST_REGS, D.GROUP, 1, spis),
    ...words(GRP.DIST_REGS, D.ROUTER, 64, spis),
    ...words(GRP.DIST_REGS, D.CONFIG, 2, spis),
    ...lines,
    ...pair(D.PEND, spis),
    ...pair(D.ACTIVE, spis),
    ...words(GRP.DIST_REGS, D.PRIORITY, 8, spis),
    ...vcpus.flatMap((affinity, i) => cpuInterface(affinity, priBits[i] as number)),
  ];
}

/** A GICv2's step for every vCPU if the register is banked, else once. */
const banked = (vcpus: readonly number[], { attr, ...step }: Step, isBanked: boolean): Step[] =>
  (isBanked ? vcpus : vcpus.slice(0, 1)).map((id) => ({ ...step, attr: attrOf(id, attr) }));

/** A GICv2. Lines have no attribute: one that is high comes back as a latch. `iidr` unlocks the groups; QEMU does not write it. */
export function v2Steps({ nrIrqs, vcpus }: VgicShape, iidr: boolean): Step[] {
  const all = [0, nrIrqs] as const;
  const bank = (steps: Step[], bits: number): Step[] => {
    const first = (steps[0] as Step).attr;
    return steps.flatMap((s) => banked(vcpus, s, s.attr - first < (INTID.SPI * bits) / 8));
  };
  const field = (offset: number, bits: number, value?: bigint): Step[] =>
    bank(
      words(GRP.DIST_REGS, offset, bits, all).map((s) => (value === undefined ? s : { ...s, value })),
      bits,
    );
  const both = ([clear, set]: readonly [number, number]): Step[] => [...field(clear, 1, ALL_ONES), ...field(set, 1)];
  const sgis = (offset: number, value?: bigint): Step[] =>
    range(offset, offset + INTID.PPI, 4).flatMap((attr) => banked(vcpus, at(GRP.DIST_REGS, attr, value), true));
  return [
    ...(iidr ? banked(vcpus, { ...at(GRP.DIST_REGS, D.IIDR), isIdentity: true }, false) : []),
    ...banked(vcpus, at(GRP.DIST_REGS, D.CTLR), false),
    ...both(D.ENABLE),
    ...field(D.GROUP, 1),
    ...field(D.TARGET, 8),
    ...field(D.CONFIG, 2),
    ...both(D.PEND),
    ...both(D.ACTIVE),
    ...field(D.PRIORITY, 8),
    ...sgis(D.CPENDSGIR, ALL_ONES),
    ...sgis(D.SPENDSGIR),
    ...vcpus.flatMap((id) => C.map((offset) => at(GRP.CPU_REGS, attrOf(id, offset)))),
  ];
}

/** GITS registers: revision of the tables; CBASER before CREADR, which it resets; tables; what is in them; CTLR last. */
export const ITS_STEPS: readonly Step[] = [
  ...[0x04, 0x80, 0x90, 0x88].map((offset) => at(GRP.ITS_REGS, offset)),
  ...range(0x100, 0x140, 8).map((offset) => at(GRP.ITS_REGS, offset)),
  at(GRP.CTRL, CTRL.ITS_RESTORE_TABLES, 0n),
  at(GRP.ITS_REGS, 0x00),
];
