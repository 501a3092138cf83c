// OPAL's numbers of virtual processors, and KVM's packing of vCPU ids into a VP block. skiboot: hw/xive.c xive_decode_vp; Linux: kvm_book3s.h kvmppc_pack_vcpu_id.

/** Bit 30 of an OPAL VP id: a virtual processor; without it the index is a PIR. */
export const VP_VIRTUAL = 0x40000000;
/** Bit 31: a group, which no firmware supports. */
export const VP_GROUP = 0x80000000;

/** OPAL id of a virtual processor of a block of 2^order, whose index is the base plus its place. */
export const vpId = (order: number, index: number): number => (VP_VIRTUAL | (order << 24) | index) >>> 0;

/** Where a VP is: fabric block and index in it. */
export interface VpPlace {
  readonly block: number;
  readonly index: number;
}

/** Decodes a VP id on a machine with 2^chips chips in use; null for groups, PIRs and orders that do not span the chips. */
export function decodeVp(id: number, chips: number): VpPlace | null {
  const order = (id >>> 24) & 0x1f;
  if ((id & VP_GROUP) !== 0 || (id & VP_VIRTUAL) === 0 || order < chips) return null;
  const index = id & 0xffffff;
  const block = (index >>> (order - chips)) & (2 ** chips - 1);
  const low = 2 ** (order - chips) - 1;
  return { block, index: (((index >>> chips) & ~low) | (index & low)) >>> 0 };
}

/** Places of the blocks of a core when ids are spread over threads. */
const BLOCK_OFFSETS = [0, 4, 2, 6, 1, 5, 3, 7] as const;

/** KVM_MAX_VCPUS with NR_CPUS 2048. */
export const MAX_VCPUS = 2048;

/** Offset in the VM's VP block of a vCPU id. `stride` is the guest's SMT mode (emul_smt_mode). 0 for ids out of range, with a warning in the kernel. */
export function packVcpuId(id: number, stride: number, max = MAX_VCPUS): number {
  const block = Math.floor(id / max) * Math.floor(8 / stride);
  if (block >= BLOCK_OFFSETS.length) return 0;
  const packed = (id % max) + (BLOCK_OFFSETS[block] as number);
  return packed >= max ? 0 : packed;
}
