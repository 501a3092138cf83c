// What goes in and out of the hardware with a vCPU beside its list registers: a vPE of GICv4. Linux: arch/arm64/kvm/vgic/vgic-v4.c vgic_v4_load, vgic_v4_put.

/** A vCPU's vPE. */
export interface Residency {
  load(vcpu: number): void;
  /** `inWfi`: the vCPU blocks, so that a doorbell is wanted. */
  put(vcpu: number, inWfi: boolean): void;
  /** vpe.pending_last: a vLPI waits. */
  isPendingLast(vcpu: number): boolean;
}
