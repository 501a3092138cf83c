// List registers as words: GICv2 (32 bits) and GICv3 (64 bits). Arm IHI 0048B 5.3.9 GICH_LRn, IHI 0069 ICH_LR<n>_EL2; Linux: include/linux/irqchip/arm-gic.h, arm-gic-v3.h.

import { bitfield, bitfield64, type Words } from '@virq/irq-core/registers';

/** State of a list register. */
export const LR_STATE = { INVALID: 0b00, PENDING: 0b01, ACTIVE: 0b10, ACTIVE_PENDING: 0b11 } as const;

/** A list register by its fields. `pintid` counts if `hw` is set, else `eoi` asks for a maintenance interrupt and `source` is the sender of a v2 SGI. */
export interface ListRegister {
  readonly intid: number;
  readonly state: number;
  readonly priority: number;
  readonly group: number;
  readonly hw: number;
  readonly pintid: number;
  readonly eoi: number;
  readonly source: number;
}

/** GICv2: bits of GICH_LRn. The priority has five bits; bits 19:10 are the physical INTID of a hardware interrupt. */
const V2 = bitfield({ intid: [9, 0], low: [18, 10], eoi: 19, priority: [27, 23], state: [29, 28], group: 30, hw: 31 });

/** Bit of the word that is the top of a physical INTID, or the EOI request. */
const V2_TOP = 0x200;

/** GICH_LRn of a list register. */
export function encodeV2(l: ListRegister): number {
  const id = l.hw === 1 ? l.pintid : l.source | (l.eoi === 1 ? V2_TOP : 0);
  return V2.pack({
    intid: l.intid,
    low: id & 0x1ff,
    eoi: (id & V2_TOP) === 0 ? 0 : 1,
    priority: l.priority >>> 3,
    state: l.state,
    group: l.group,
    hw: l.hw,
  });
}

/** The list register of a GICH_LRn. */
export function decodeV2(word: number): ListRegister {
  const { low, eoi, priority, hw, ...rest } = V2.unpack(word);
  const id = low | (eoi === 1 ? V2_TOP : 0);
  return {
    ...rest,
    hw,
    priority: priority << 3,
    pintid: hw === 1 ? id : 0,
    eoi: hw === 1 ? 0 : eoi,
    source: hw === 1 ? 0 : low & 7,
  };
}

/** GICv3: bits of ICH_LR<n>_EL2. Linux keeps ten bits of the physical INTID. */
const V3 = bitfield64({ intid: [31, 0], pintid: [41, 32], priority: [55, 48], group: 60, hw: 61, state: [63, 62] });

/** Bit 41, which asks for a maintenance interrupt unless the interrupt is hardware's. */
const V3_EOI = 0x200;
/** Where a v2 guest on a GICv3 host has the sender of an SGI: bits 12:10 of the virtual INTID. */
const V3_SOURCE_SHIFT = 10;

/** ICH_LR<n>_EL2 of a list register. */
export const encodeV3 = (l: ListRegister): Words =>
  V3.pack({
    intid: l.intid | (l.source << V3_SOURCE_SHIFT),
    pintid: l.hw === 1 ? l.pintid & 0x3ff : l.eoi === 1 ? V3_EOI : 0,
    priority: l.priority,
    group: l.group,
    hw: l.hw,
    state: l.state,
  });

/** The list register of an ICH_LR<n>_EL2. `v2Guest`: bits 12:10 of a small INTID are the sender. */
export function decodeV3({ lo, hi }: Words, v2Guest = false): ListRegister {
  const { pintid, hw, intid, ...rest } = V3.unpack(lo, hi);
  const source = v2Guest && hw === 0 ? (intid >>> V3_SOURCE_SHIFT) & 7 : 0;
  return {
    ...rest,
    hw,
    intid: v2Guest ? intid & 0x3ff : intid,
    source,
    pintid: hw === 1 ? pintid : 0,
    eoi: hw === 0 && (pintid & V3_EOI) !== 0 ? 1 : 0,
  };
}
