// Who receives an interrupt: the map's fast path, the scan, lowest priority. Linux: lapic.c, irq_comm.c kvm_irq_delivery_to_apic.

import { DFR_FLAT, LOGICAL, MAP_IDS, physicalId } from './apic-map.ts';
import type { Context } from './context.ts';
import { DM, isHwEnabled, isSwEnabled, isX2apic, type Lapics, TRIGGER } from './lapic.ts';
import type { Lapic } from './layout.ts';

/** Shorthands of the ICR, bits 19:18. */
export const SHORTHAND = { NONE: 0, SELF: 1, ALL: 2, ALL_BUT_SELF: 3 } as const;

/** struct kvm_lapic_irq. `source` is the sending vCPU of an IPI, -1 for devices. */
export interface LapicIrq {
  dest: number;
  logical: number;
  dm: number;
  vector: number;
  trigger: number;
  level: number;
  shorthand: number;
  redirectionHint: number;
  source: number;
}

/** An interrupt to be filled in and reused: delivery allocates nothing. */
export const lapicIrq = (): LapicIrq => ({
  dest: 0,
  logical: 0,
  dm: 0,
  vector: 0,
  trigger: 0,
  level: 1,
  shorthand: 0,
  redirectionHint: 0,
  source: -1,
});

/** Returned by the fast path when only the scan can decide. */
export const UNDECIDED = -2;

const BROADCAST = 0xff;
const X2_BROADCAST = 0xffffffff;

/** Delivery of one interrupt to all its destinations. */
export interface Delivery {
  /** kvm_irq_delivery_to_apic_fast: the number of LAPICs reached, or {@link UNDECIDED}. */
  fast(irq: LapicIrq): number;
  /** kvm_irq_delivery_to_apic: as fast, else by scanning: -1 if nobody matches. */
  deliver(irq: LapicIrq): number;
  /** kvm_apic_match_dest. */
  matches(vcpu: number, irq: LapicIrq): boolean;
  /** kvm_bitmap_or_dest_vcpus: calls `visit` for every vCPU the interrupt can reach; an arbitrated one has a single receiver. */
  eachDestination(irq: LapicIrq, visit: (vcpu: number) => void): void;
  /** Called with every vCPU that accepts while an observer is set (RTC destination map). */
  observer: ((vcpu: number) => void) | null;
}

const isLowest = (irq: LapicIrq): boolean => irq.dm === DM.LOWEST || irq.redirectionHint === 1;

function popcount(mask: number): number {
  let n = 0;
  for (let w = mask; w !== 0; w &= w - 1) n++;
  return n;
}

/** The (index + 1)-th set bit. */
function nthBit(mask: number, index: number): number {
  let w = mask;
  for (let i = 0; i < index; i++) w &= w - 1;
  return 31 - Math.clz32(w & -w);
}

/** Creates delivery over the LAPICs and their map. */
export function createDelivery(ctx: Context, lapics: Lapics): Delivery {
  const { state } = ctx;
  const { map } = state;
  const { NONE, SELF } = SHORTHAND;
  const { LEVEL, LEVEL_DEASSERTED } = TRIGGER;
  /** Where the logical fast path found its cluster: first slot and table, valid until the next look-up. */
  let base = 0;
  let table = map.flat;

  function isBroadcast(irq: LapicIrq): boolean {
    return (irq.dest === BROADCAST || irq.dest === X2_BROADCAST) && isBroadcastTo(irq);
  }

  function isBroadcastTo(irq: LapicIrq): boolean {
    if (state.noBroadcastQuirk === 1)
      return (irq.dest === BROADCAST && map.logicalMode !== LOGICAL.X2APIC) || irq.dest === X2_BROADCAST;
    const x2Ipi = irq.source >= 0 && isX2apic(lapics.at(irq.source));
    return irq.dest === (x2Ipi ? X2_BROADCAST : BROADCAST);
  }

  /** Mask of slots from `base` on, -1 if the map cannot say. */
  function logicalMask(dest: number): number {
    switch (map.logicalMode) {
      case LOGICAL.UNSET:
        return ctx.profile.scansWithoutLogicalIds ? -1 : 0;
      case LOGICAL.FLAT:
        table = map.flat;
        base = 0;
        return dest & 0xff;
      case LOGICAL.CLUSTER:
        table = map.cluster;
        base = dest & 0xf0;
        return dest & 0xf;
      case LOGICAL.X2APIC:
        table = map.physical;
        base = (dest >>> 16) * 16;
        if (base > map.maxApicId) return 0;
        return base + 16 > MAP_IDS ? -1 : dest & (0xffff >> (16 - Math.min(map.maxApicId - base + 1, 16)));
      default:
        return -1;
    }
  }

  function accept(vcpu: number, irq: LapicIrq): number {
    const trigger = irq.trigger === LEVEL && irq.level === 0 ? LEVEL_DEASSERTED : irq.trigger;
    const reached = lapics.accept(vcpu, irq.dm, irq.vector, trigger);
    if (reached === 1 && delivery.observer !== null && irq.dm <= DM.LOWEST) delivery.observer(vcpu);
    return reached;
  }

  function physicalFast(irq: LapicIrq): number {
    if (irq.dest > map.maxApicId) return 0;
    if (irq.dest >= MAP_IDS) return Math.max(0, scan(irq));
    const slot = map.physical.get(irq.dest);
    return slot === 0 ? 0 : accept(slot - 1, irq);
  }

  /** Slot bit of the arbitration winner; -1 when hashing hits an absent LAPIC or nobody is there. */
  function lowestOf(mask: number, vector: number): number {
    if (state.arbitratesByPriority === 0) {
      const bit = nthBit(mask, vector % popcount(mask));
      return table.get(base + bit) === 0 ? -1 : bit;
    }
    let best = -1;
    for (let bit = 0; bit < 16; bit++) {
      const slot = mask & (1 << bit) ? table.get(base + bit) : 0;
      if (slot === 0) continue;
      if (best < 0 || lapics.at(slot - 1).arbPrio < lapics.at(table.get(base + best) - 1).arbPrio) best = bit;
    }
    return best;
  }

  /** True if only the scan can decide; `fast` has the same test inline, as the hot path. */
  const needsScan = (irq: LapicIrq): boolean =>
    irq.shorthand !== SHORTHAND.NONE || map.present === 0 || isBroadcast(irq);

  /** Slots of a logical destination after arbitration, as bits from `base` on; -1 if the map cannot say. */
  function arbitrated(irq: LapicIrq): number {
    const mask = logicalMask(irq.dest);
    if (mask <= 0 || !isLowest(irq)) return mask;
    const bit = lowestOf(mask, irq.vector);
    return bit < 0 ? 0 : 1 << bit;
  }

  function eachByScan(irq: LapicIrq, visit: (vcpu: number) => void): void {
    for (let vcpu = 0; vcpu < lapics.count; vcpu++) if (isHwEnabled(lapics.at(vcpu)) && matches(vcpu, irq)) visit(vcpu);
  }

  function eachDestination(irq: LapicIrq, visit: (vcpu: number) => void): void {
    if (needsScan(irq) || (irq.logical === 0 && irq.dest >= MAP_IDS)) return eachByScan(irq, visit);
    if (irq.logical === 0) {
      const slot = map.physical.get(irq.dest);
      if (slot !== 0) visit(slot - 1);
      return;
    }
    const mask = arbitrated(irq);
    if (mask < 0) return eachByScan(irq, visit);
    for (let bit = 0; bit < 16; bit++) {
      const slot = mask & (1 << bit) ? table.get(base + bit) : 0;
      if (slot !== 0) visit(slot - 1);
    }
  }

  function fast(irq: LapicIrq): number {
    if (irq.shorthand === SELF) return accept(irq.source, irq);
    if (irq.shorthand !== NONE || map.present === 0 || isBroadcast(irq)) return UNDECIDED;
    return irq.logical === 0 ? physicalFast(irq) : logicalFast(irq);
  }

  function logicalFast(irq: LapicIrq): number {
    const mask = arbitrated(irq);
    if (mask < 0) return UNDECIDED;
    let reached = 0;
    for (let bit = 0; bit < 16; bit++) {
      const slot = mask & (1 << bit) ? table.get(base + bit) : 0;
      if (slot !== 0) reached += accept(slot - 1, irq);
    }
    return reached;
  }

  function matchesPhysical(a: Lapic, mda: number): boolean {
    if (mda === (isX2apic(a) ? X2_BROADCAST : BROADCAST)) return true;
    if (!isX2apic(a) && a.vcpuId > 0xff && mda === a.vcpuId) return true;
    return mda === physicalId(a);
  }

  function matchesLogical(a: Lapic, mda: number): boolean {
    if (mda === (isX2apic(a) ? X2_BROADCAST : BROADCAST)) return true;
    if (isX2apic(a)) return a.ldr >>> 16 === mda >>> 16 && (a.ldr & mda & 0xffff) !== 0;
    const id = a.ldr >>> 24;
    if (a.dfr === DFR_FLAT) return (id & mda) !== 0;
    return a.dfr >>> 28 === 0 && id >>> 4 === mda >>> 4 && (id & mda & 0xf) !== 0;
  }

  function matches(vcpu: number, irq: LapicIrq): boolean {
    if (irq.shorthand === SHORTHAND.SELF) return vcpu === irq.source;
    if (irq.shorthand === SHORTHAND.ALL) return true;
    if (irq.shorthand === SHORTHAND.ALL_BUT_SELF) return vcpu !== irq.source;
    const a = lapics.at(vcpu);
    const quirk = state.noBroadcastQuirk === 0 && irq.source < 0 && irq.dest === BROADCAST && isX2apic(a);
    const mda = quirk ? X2_BROADCAST : irq.dest;
    return irq.logical === 1 ? matchesLogical(a, mda) : matchesPhysical(a, mda);
  }

  function scan(irq: LapicIrq): number {
    if (irq.logical === 0 && irq.dest === BROADCAST && isLowest(irq)) irq.dm = DM.FIXED;
    return isLowest(irq) ? scanLowest(irq) : scanAll(irq);
  }

  function scanAll(irq: LapicIrq): number {
    let reached = -1;
    for (let vcpu = 0; vcpu < lapics.count; vcpu++)
      if (isHwEnabled(lapics.at(vcpu)) && matches(vcpu, irq)) reached = Math.max(0, reached) + accept(vcpu, irq);
    return reached;
  }

  function scanLowest(irq: LapicIrq): number {
    const eligible = (vcpu: number): boolean => {
      const a = lapics.at(vcpu);
      return isHwEnabled(a) && isSwEnabled(a) && matches(vcpu, irq);
    };
    let count = 0;
    let best = -1;
    for (let vcpu = 0; vcpu < lapics.count; vcpu++) {
      if (!eligible(vcpu)) continue;
      count++;
      if (best < 0 || lapics.at(vcpu).arbPrio < lapics.at(best).arbPrio) best = vcpu;
    }
    if (count === 0) return -1;
    if (state.arbitratesByPriority === 1) return accept(best, irq);
    let index = irq.vector % count;
    let vcpu = 0;
    while (!eligible(vcpu) || index-- > 0) vcpu++;
    return accept(vcpu, irq);
  }

  const delivery: Delivery = {
    fast,
    deliver(irq) {
      const decided = fast(irq);
      return decided === UNDECIDED ? scan(irq) : decided;
    },
    matches,
    eachDestination,
    observer: null,
  };
  return delivery;
}
