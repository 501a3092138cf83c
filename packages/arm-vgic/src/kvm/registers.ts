// Registers as user space saves and restores them, whatever room they are in. Linux: vgic-kvm-device.c vgic_v2_attr_regs_access, vgic_v3_attr_regs_access.

import type { RegisterFrames, UserFrame } from '../distributor/frames.ts';
import { getGicc, hasGicc, setGicc } from '../regs/gicc.ts';
import { getSysreg, hasSysreg, setSysreg } from '../regs/icc-user.ts';
import type { Cpus } from '../run/cpus.ts';

/** System registers by their encoding; all that there are have 32 bits. */
export interface UserSysregs {
  has(instr: number): boolean;
  /** The value, -ENOENT for none, -EINVAL for one that this VM does not have. */
  get(instr: number): number;
  /** 0, -ENOENT or -EINVAL. */
  set(instr: number, value: number): number;
}

/** All of a VM, by vCPU index. */
export interface UserRegisters {
  distributor(vcpu: number): UserFrame;
  redistributor(vcpu: number): UserFrame;
  /** GICC of a GICv2. */
  cpuInterface(vcpu: number): UserFrame;
  sysregs(vcpu: number): UserSysregs;
}

/** Frames of distributor and redistributors; CPU interfaces; whether GICC_DIR is among their registers (kernels that trap it). */
export interface RegisterRooms {
  readonly frames: RegisterFrames;
  readonly cpus: Cpus;
  readonly trapsDir: boolean;
}

/** Puts them together. */
export const createUserRegisters = ({ frames, cpus, trapsDir }: RegisterRooms): UserRegisters => ({
  distributor: frames.distributor,
  redistributor: frames.redistributor,
  cpuInterface(vcpu) {
    const port = cpus.port(vcpu);
    return {
      has: (offset) => hasGicc(offset, trapsDir),
      get: (offset) => getGicc(port, offset),
      set(offset, value) {
        setGicc(port, offset, value);
        return 0;
      },
    };
  },
  sysregs(vcpu) {
    const port = cpus.port(vcpu);
    return {
      has: hasSysreg,
      get: (instr) => getSysreg(port, instr),
      set: (instr, value) => setSysreg(port, instr, value),
    };
  },
});
