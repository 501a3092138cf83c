// Device table entries of the AMD IOMMU, as far as interrupts go: quadword 2. AMD I/O Virtualization (48882) 2.2.2.1; Linux: drivers/iommu/amd/amd_iommu_types.h.

import { bits, struct, u1, type View } from '@virq/irq-core/arena';

/**
 * Bits 191:128 of an entry; the bytes in the arena are the hardware's. `iv` enables remapping, `tableLength` is log2 of the number of entries, the pass bits let
 * INIT, ExtINT, NMI and LINT messages through unremapped.
 */
export const Dte = struct('dte', {
  iv: u1,
  tableLength: bits(4),
  ignoreUnmapped: u1,
  tableLo: bits(26),
  tableHi: bits(20),
  reserved: bits(4),
  initPass: u1,
  extintPass: u1,
  nmiPass: u1,
  reserved59: u1,
  intCtl: bits(2),
  lint0Pass: u1,
  lint1Pass: u1,
});
export type Dte = View<typeof Dte>;

/** IntCtl: what becomes of fixed and arbitrated messages. */
export const INT_CTL = { ABORT: 0, PASS: 1, REMAP: 2, RESERVED: 3 } as const;

/** Tables of 512 entries, as KVM hosts without the 2K feature have them. */
export const TABLE_LENGTH = 9;

/** Delivery modes that have a pass bit of their own; the others are remapped by the table. */
const PASS: Readonly<Record<number, (d: Dte) => number>> = {
  4: (d) => d.nmiPass,
  5: (d) => d.initPass,
  7: (d) => d.extintPass,
};

/** What becomes of a message: to the table entry with this index, to the CPUs as it is, or nowhere. */
export type Decision = { readonly to: 'table'; readonly index: number } | { readonly to: 'cpu' | 'abort' };

/** Looks at a message's data: its delivery mode is bits 10:8, which are also the top of the index. */
export function decide(d: Dte, data: number): Decision {
  if (d.iv === 0) return { to: 'cpu' };
  const pass = PASS[(data >> 8) & 7];
  if (pass !== undefined) return { to: pass(d) === 1 ? 'cpu' : 'abort' };
  if (d.intCtl === INT_CTL.PASS) return { to: 'cpu' };
  const index = data & 0x7ff;
  if (d.intCtl !== INT_CTL.REMAP || index >= 1 << d.tableLength) return { to: 'abort' };
  return { to: 'table', index };
}
