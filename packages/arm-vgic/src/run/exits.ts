// Why a vCPU leaves its guest. Linux: arch/arm64/kvm/trace_arm.h kvm_exit, arch/arm64/include/asm/kvm_arm.h kvm_arm_exception_type, kvm_arm_exception_class, asm/esr.h.

/** What __kvm_vcpu_run returns, and the exception class of a trap (ESR_EL2.EC), 0 for others. */
export interface Exit {
  readonly ret: 'IRQ' | 'TRAP';
  readonly ec: number;
}

/** Exits that the model has. IRQ stands for a kick's IPI, a maintenance interrupt, and what takes the vCPU's thread away. */
export const EXIT = {
  IRQ: { ret: 'IRQ', ec: 0 },
  WFX: { ret: 'TRAP', ec: 0x01 },
  /** A trapped system register: DIR, the registers that generate SGIs. */
  SYS64: { ret: 'TRAP', ec: 0x18 },
  /** A load or store that stage 2 does not map. */
  DABT_LOW: { ret: 'TRAP', ec: 0x24 },
} as const satisfies Record<string, Exit>;

const CLASSES: Readonly<Record<number, string>> = { 0: 'UNKNOWN', 1: 'WFx', 24: 'SYS64', 36: 'DABT_LOW' };

/** As the tracepoint prints it, but for the PC. */
export const exitText = (ret: string, ec: number): string =>
  `${ret}: HSR_EC: 0x${ec.toString(16).padStart(4, '0')} (${CLASSES[ec]})`;
