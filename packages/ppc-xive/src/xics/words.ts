// The 64-bit words in which a VMM saves and restores XICS: a source, and an ICP. Linux: arch/powerpc/include/uapi/asm/kvm.h KVM_XICS_*, KVM_REG_PPC_ICP_*.

import { type Bitfield64, bitfield64 } from '@virq/irq-core/registers';

/** Fields of an attribute of KVM_DEV_XICS_GRP_SOURCES. */
export const SOURCE_FIELDS = {
  destination: [31, 0],
  priority: [39, 32],
  level: 40,
  masked: 41,
  pending: 42,
  presented: 43,
  queued: 44,
} as const;
/** A source as attributes show it. */
export const sourceWord: Bitfield64<keyof typeof SOURCE_FIELDS> = bitfield64(SOURCE_FIELDS);

/** Fields of KVM_REG_PPC_ICP_STATE. */
export const ICP_FIELDS = { cppr: [63, 56], xisr: [55, 32], mfrr: [31, 24], pendingPriority: [23, 16] } as const;
/** An ICP as one_reg shows it. */
export const icpWord: Bitfield64<keyof typeof ICP_FIELDS> = bitfield64(ICP_FIELDS);

/** KVM_REG_PPC_ICP_STATE. */
export const REG_ICP_STATE = 0x103000000000008cn;

const WORD = 0xffffffffn;
/** Two words from a 64-bit value, and back. */
export const wordsOf = (value: bigint): { lo: number; hi: number } => ({
  lo: Number(value & WORD),
  hi: Number((value >> 32n) & WORD),
});
export const wholeOf = ({ lo, hi }: { lo: number; hi: number }): bigint => (BigInt(hi) << 32n) | BigInt(lo);
