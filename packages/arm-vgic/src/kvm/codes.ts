// Numbers of the device API and how attributes carry vCPUs and registers. Linux: include/uapi/linux/kvm.h, arch/arm64/include/uapi/asm/kvm.h, Documentation/virt/kvm/devices/arm-vgic*.rst.

/** KVM_DEV_TYPE_ARM_VGIC_*. */
export const DEVICE_TYPE = { VGIC_V2: 5, VGIC_V3: 7, ITS: 8 } as const;

/** KVM_DEV_ARM_VGIC_GRP_*. */
export const GRP = {
  ADDR: 0,
  DIST_REGS: 1,
  CPU_REGS: 2,
  NR_IRQS: 3,
  CTRL: 4,
  REDIST_REGS: 5,
  CPU_SYSREGS: 6,
  LEVEL_INFO: 7,
  ITS_REGS: 8,
  MAINT_IRQ: 9,
} as const;

/** Attributes of the group CTRL. */
export const CTRL = { INIT: 0, ITS_SAVE_TABLES: 1, ITS_RESTORE_TABLES: 2, SAVE_PENDING: 3, ITS_RESET: 4 } as const;

/** Attributes of the group ADDR (KVM_VGIC_V2_ADDR_TYPE_*, KVM_VGIC_V3_ADDR_TYPE_*, KVM_VGIC_ITS_ADDR_TYPE). */
export const ADDR = { V2_DIST: 0, V2_CPU: 1, V3_DIST: 2, V3_REDIST: 3, ITS: 4, V3_REDIST_REGION: 5 } as const;

/** Bytes of the frames, and what their addresses have to be a multiple of. */
export const FRAME = {
  V2_ALIGN: 0x1000n,
  V2_DIST: 0x1000n,
  V2_CPU: 0x2000n,
  V3_ALIGN: 0x10000n,
  V3_DIST: 0x10000n,
  REDIST: 0x20000n,
  ITS: 0x20000n,
} as const;

/** What an address that nobody has set reads as. */
export const ADDR_UNDEF = 0xffff_ffff_ffff_ffffn;

/** GICR_TYPER affinity as attributes have it: Aff3.Aff2.Aff1.Aff0, a byte each, bits 63:32. Affinities up to this one fit an attribute number exactly; no vCPU has a higher one. */
const MAX_AFFINITY = 0x1fffffn;

/**
 * kvm_device_attr.attr as a number. A redistributor that no VM can have stands for all those beyond what a number holds.
 */
export function attrNumber(attr: bigint): number {
  const affinity = attr >> 32n;
  return Number(affinity > MAX_AFFINITY ? (MAX_AFFINITY << 32n) | (attr & 0xffff_ffffn) : attr);
}

/** Attribute of a register of a vCPU: by affinity (GICv3), by vCPU id in bits 39:32 (GICv2). */
export const attrOf = (vcpu: number, offset: number): number => vcpu * 2 ** 32 + offset;
/** Bits 63:32. */
export const highOf = (attr: number): number => Math.floor(attr / 2 ** 32);
/** Bits 31:0. */
export const lowOf = (attr: number): number => attr % 2 ** 32;

/** System register as CPU_SYSREGS names it: op0, op1, CRn, CRm, op2. */
export const sysreg = (crm: number, op2: number, crn = 12): number => (3 << 14) | (crn << 7) | (crm << 3) | op2;
