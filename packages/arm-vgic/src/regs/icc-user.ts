// KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS: the GICv3 CPU interface as user space saves and restores it. Linux: arch/arm64/kvm/vgic-sys-reg-v3.c.

import { EINVAL, ENOENT } from '@virq/irq-core/errors';
import type { CpuPort } from '../cpuif/port.ts';
import { effectiveBpr1 } from '../cpuif/priorities.ts';
import { ICC, SRE } from './icc.ts';

/** A register of user space. `get` and `set` give a negative errno, or the value and 0. */
interface UserRegister {
  readonly get: (p: CpuPort) => number;
  readonly set: (p: CpuPort, value: number) => number;
}

/** A field of VMCR as it is: no minimum, no bits beyond it. */
const field = (name: 'bpr0' | 'pmr' | 'enable0' | 'enable1', mask: number): UserRegister => ({
  get: ({ c }) => c.vmcr[name],
  set({ c, v }, value) {
    c.vmcr[name] = value & mask;
    v.pmr = c.vmcr.pmr;
    return 0;
  },
});

const bpr1: UserRegister = {
  get: ({ c }) => effectiveBpr1(c.vmcr),
  set({ c }, value) {
    if (c.vmcr.cbpr === 0) c.vmcr.bpr1 = value & 7;
    return 0;
  },
};

/** Bits of ICC_CTLR_EL1. */
const CTLR = { PRI_BITS: 8, ID_BITS: 11, SEIS: 14, A3V: 15 } as const;

/** What the host cannot do is refused in this order; what was stored before stays. */
const ctlr: UserRegister = {
  get: ({ c, v, vtr }) =>
    ((v.priBits - 1) << CTLR.PRI_BITS) |
    (v.idBits << CTLR.ID_BITS) |
    (vtr.seis << CTLR.SEIS) |
    (vtr.a3v << CTLR.A3V) |
    (c.vmcr.eoiMode << 1) |
    c.vmcr.cbpr,
  set({ c, v, vtr }, value) {
    const priBits = ((value >>> CTLR.PRI_BITS) & 7) + 1;
    if (priBits > v.priBits) return -EINVAL;
    v.priBits = priBits;
    const idBits = (value >>> CTLR.ID_BITS) & 7;
    if (idBits > v.idBits) return -EINVAL;
    v.idBits = idBits;
    if (((value >>> CTLR.SEIS) & 1) !== vtr.seis || ((value >>> CTLR.A3V) & 1) !== vtr.a3v) return -EINVAL;
    c.vmcr.cbpr = value & 1;
    c.vmcr.eoiMode = (value >>> 1) & 1;
    return 0;
  },
};

/** vgic_v3_max_apr_idx. */
const lastApOf = ({ priBits }: CpuPort['v']): number => (priBits === 7 ? 3 : priBits === 6 ? 1 : 0);

const ap = (group: 'ap0' | 'ap1', n: number): UserRegister => ({
  get: ({ c, v }) => (n > lastApOf(v) ? -EINVAL : c[group].get(n)),
  set({ c, v }, value) {
    if (n > lastApOf(v)) return -EINVAL;
    c[group].set(n, value >>> 0);
    return 0;
  },
});

const sre: UserRegister = { get: () => SRE, set: (_p, value) => ((value & 1) === 1 ? 0 : -EINVAL) };

const REGISTERS: Readonly<Record<string, UserRegister>> = {
  ICC_PMR_EL1: field('pmr', 0xff),
  ICC_BPR0_EL1: field('bpr0', 7),
  ICC_BPR1_EL1: bpr1,
  ICC_CTLR_EL1: ctlr,
  ICC_SRE_EL1: sre,
  ICC_IGRPEN0_EL1: field('enable0', 1),
  ICC_IGRPEN1_EL1: field('enable1', 1),
  ...Object.fromEntries(
    [0, 1, 2, 3].flatMap((n) => [
      [`ICC_AP0R${n}_EL1`, ap('ap0', n)],
      [`ICC_AP1R${n}_EL1`, ap('ap1', n)],
    ]),
  ),
};

const BY_INSTR: ReadonlyMap<number, UserRegister> = new Map(
  Object.entries(REGISTERS).map(([name, register]) => [ICC[name]?.instr as number, register]),
);

/** Whether user space knows the register of an encoding (else KVM_HAS_DEVICE_ATTR gives -ENXIO). */
export const hasSysreg = (instr: number): boolean => BY_INSTR.has(instr);

/** KVM_GET_DEVICE_ATTR: the value, -ENOENT for an encoding that is none, -EINVAL for an active priority register beyond those of the VM. */
export const getSysreg = (p: CpuPort, instr: number): number => BY_INSTR.get(instr)?.get(p) ?? -ENOENT;

/** KVM_SET_DEVICE_ATTR: 0, -ENOENT, or -EINVAL for what the host does not have. All registers are below 2^32; `value` is the low word. */
export const setSysreg = (p: CpuPort, instr: number, value: number): number =>
  BY_INSTR.get(instr)?.set(p, value) ?? -ENOENT;
