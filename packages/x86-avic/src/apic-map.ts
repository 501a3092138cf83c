// The optimised map from APIC ids to LAPICs. Linux: arch/x86/kvm/lapic.c kvm_recalculate_apic_map.

import { type Context, X86_REQ } from './context.ts';
import { isHwEnabled, isSwEnabled, isX2apic, xapicId } from './lapic.ts';
import type { Lapic } from './layout.ts';

/** kvm_apic_map.logical_mode. UNSET is SW_DISABLED. */
export const LOGICAL = { UNSET: 0, CLUSTER: 1, FLAT: 2, X2APIC: 3, DISABLED: 4 } as const;

/** Ids that the map's table holds; higher ones are found by scanning with the map's answer. */
export const MAP_IDS = 256;
export const DFR_FLAT = 0xffffffff;

/** LDR that x2APIC mode derives from the id. */
export const x2apicLdr = (id: number): number => (((id >>> 4) << 16) | (1 << (id & 15))) >>> 0;

/** The id a LAPIC answers to in physical mode. */
export const physicalId = (a: Lapic): number => (isX2apic(a) ? a.vcpuId : xapicId(a));

/** The map and its state: dirty while something it depends on has changed. */
export interface ApicMap {
  setDirty(): void;
  /** Rebuilds the map if it is dirty, over the first so many LAPICs. */
  refresh(members?: number): void;
}

/** Creates the map. */
export function createApicMap(ctx: Context): ApicMap {
  const { map, lapics } = ctx.state;

  /** False if two vCPUs share an id, which switches the whole map off. */
  function enterPhysical(vcpu: number, a: Lapic): boolean {
    const put = (id: number): void => {
      if (id < MAP_IDS) map.physical.set(id, vcpu + 1);
    };
    const taken = (id: number): boolean => id < MAP_IDS && map.physical.get(id) !== 0;
    if (ctx.state.x2apicFormat === 1 || !ctx.profile.rejectsAliasedPhysicalIds) {
      if (isX2apic(a) || a.vcpuId > 0xff) put(a.vcpuId);
      if (!isX2apic(a) && !taken(xapicId(a))) put(xapicId(a));
      return true;
    }
    if (taken(physicalId(a))) return false;
    put(physicalId(a));
    return true;
  }

  function modeOf(a: Lapic): number {
    if (isX2apic(a)) return LOGICAL.X2APIC;
    return a.dfr === DFR_FLAT ? LOGICAL.FLAT : LOGICAL.CLUSTER;
  }

  function enterLogical(vcpu: number, a: Lapic): void {
    if (map.logicalMode === LOGICAL.DISABLED || !isSwEnabled(a) || a.ldr === 0) return;
    const mode = modeOf(a);
    if (map.logicalMode === LOGICAL.UNSET) map.logicalMode = mode;
    if (map.logicalMode !== mode) map.logicalMode = LOGICAL.DISABLED;
    else if (mode === LOGICAL.FLAT) enterSlot(vcpu, a.ldr >>> 24, (bit) => bit);
    else if (mode === LOGICAL.CLUSTER) enterSlot(vcpu, (a.ldr >>> 24) & 0xf, (bit) => ((a.ldr >>> 28) << 4) | bit);
  }

  function enterSlot(vcpu: number, mask: number, slotOf: (bit: number) => number): void {
    if (mask === 0) return;
    const bit = 31 - Math.clz32(mask & -mask);
    const table = map.logicalMode === LOGICAL.FLAT ? map.flat : map.cluster;
    const clash = (mask & (mask - 1)) !== 0 || table.get(slotOf(bit)) !== 0;
    if (clash && ctx.profile.rejectsAliasedLogicalIds) map.logicalMode = LOGICAL.DISABLED;
    else table.set(slotOf(bit), vcpu + 1);
  }

  function clear(): void {
    map.physical.fill(0);
    map.flat.fill(0);
    map.cluster.fill(0);
    map.maxApicId = MAP_IDS - 1;
    map.logicalMode = LOGICAL.UNSET;
    map.present = 1;
    map.dirty = 0;
  }

  function rebuild(members: number): void {
    clear();
    for (let i = 0; i < members; i++)
      if (isHwEnabled(lapics.at(i))) map.maxApicId = Math.max(map.maxApicId, lapics.at(i).vcpuId);
    for (let i = 0; i < members; i++) {
      const a = lapics.at(i);
      if (!isHwEnabled(a)) continue;
      if (!enterPhysical(i, a)) {
        map.present = 0;
        return;
      }
      enterLogical(i, a);
    }
  }

  return {
    setDirty() {
      map.dirty = 1;
    },
    refresh(members = lapics.length) {
      if (map.dirty === 0) return;
      rebuild(members);
      // Destinations may mean other LAPICs now, so every EOI bitmap is out of date.
      ctx.kvm.vcpus.requestAll(X86_REQ.SCAN_IOAPIC);
    },
  };
}
