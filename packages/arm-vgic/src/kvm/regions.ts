// Redistributor regions: where each vCPU's redistributor lies, and which one is the last of a run. Linux: vgic-mmio-v3.c vgic_v3_set_redist_base, vgic_register_redist_iodev,
// vgic_mmio_vcpu_rdist_is_last, vgic-v3.c vgic_v3_check_base.

import { EEXIST, EINVAL, ENOENT, ENOMEM } from '@virq/irq-core/errors';
import type { ArmState, RedistRegion } from '../layout.ts';
import { checkRange, overlaps, type Range, wraps } from './addresses.ts';
import { FRAME } from './codes.ts';
import type { KvmPolicy } from './policy.ts';

/** A region as user space describes it. `count` redistributors, 0 for a region of the old kind, which has as many as there are vCPUs. */
export interface NewRegion {
  readonly index: number;
  readonly base: bigint;
  readonly count: number;
}

/** The regions of a VM. */
export interface Regions {
  /**
   * Adds one and gives the vCPUs that wait their redistributors. -EINVAL: beyond 2^64; kinds mixed; not the next index; over the distributor or another region; misaligned. -EEXIST: a
   * second one of the old kind. -E2BIG: outside the guest's addresses. -ENOMEM.
   */
  add(region: NewRegion): number;
  /** The first one, null for none. */
  first(): RedistRegion | null;
  /** A region as user space reads it, or -ENOENT. */
  describe(index: number): bigint | number;
  /** A new vCPU takes a place: 0 also if there is none yet, -EINVAL when frames overlap. */
  place(vcpu: number): number;
  /** False if frames that have an address overlap, or lie outside. */
  areSound(): boolean;
  /** GICR_TYPER.Last. */
  isLast(vcpu: number): boolean;
}

/** What hangs on the VM: bits of a guest physical address, and what a kernel undoes when a new region cannot be. */
export interface RegionRules {
  readonly bits: number;
  readonly refusal: KvmPolicy['refusedRegion'];
}

/** Creates them over zeroed state. */
export function createRegions({ dist, redists, regions }: ArmState, { bits, refusal }: RegionRules): Regions {
  const at = (i: number): RedistRegion => regions.at(i);
  const sizeOf = (count: number): bigint => BigInt(count === 0 ? dist.online : count) * FRAME.REDIST;
  const rangeOf = (r: RedistRegion): Range => ({ base: r.base, size: sizeOf(r.count) });
  const distRange = (): Range => ({ base: dist.distBase, size: FRAME.V3_DIST });
  const overlapsRegion = (range: Range): boolean => {
    for (let i = 0; i < dist.regions; i++) if (overlaps(range, rangeOf(at(i)))) return true;
    return false;
  };

  /** What the list says of a new one. */
  function refuse({ index, base, count }: NewRegion): number {
    const range = { base, size: sizeOf(count) };
    if (wraps(range)) return -EINVAL;
    if (dist.regions === 0 && index !== 0) return -EINVAL;
    if (dist.regions > 0) {
      const last = at(dist.regions - 1);
      if (count === 0) return last.count > 0 ? -EINVAL : -EEXIST;
      if (index !== last.index + 1) return -EINVAL;
    }
    if (count === 0 && dist.hasDistBase === 1 && overlaps(range, distRange())) return -EINVAL;
    if (overlapsRegion(range)) return -EINVAL;
    return checkRange(range, FRAME.V3_ALIGN, bits);
  }

  function areSound(): boolean {
    for (let i = 0; i < dist.regions; i++) if (checkRange(rangeOf(at(i)), FRAME.V3_ALIGN, bits) !== 0) return false;
    return dist.hasDistBase === 0 || !overlapsRegion(distRange());
  }

  /** Index of the first region with room, -1 for none. */
  function withRoom(): number {
    for (let i = 0; i < dist.regions; i++) if (at(i).count === 0 || at(i).used < at(i).count) return i;
    return -1;
  }

  function place(vcpu: number): number {
    const r = redists.at(vcpu);
    const i = withRoom();
    if (r.hasBase === 1 || i < 0) return 0;
    if (!areSound()) return -EINVAL;
    const region = at(i);
    r.hasBase = 1;
    r.onBus = 1;
    r.region = i;
    r.slot = region.used;
    (r as { base: bigint }).base = region.base + BigInt(region.used) * FRAME.REDIST;
    region.used++;
    return 0;
  }

  return {
    add(region) {
      const error = refuse(region);
      if (error !== 0) return error;
      if (dist.regions >= regions.length) return -ENOMEM;
      const own = dist.regions++;
      Object.assign(at(own), { ...region, used: 0 });
      for (let vcpu = 0; vcpu < dist.online; vcpu++) {
        const failed = place(vcpu);
        if (failed === 0) continue;
        dist.regions = own;
        if (refusal === 'unplugs') for (let before = 0; before < vcpu; before++) redists.at(before).onBus = 0;
        return failed;
      }
      return 0;
    },
    first: () => (dist.regions === 0 ? null : at(0)),
    describe(index) {
      for (let i = 0; i < dist.regions; i++) {
        const r = at(i);
        if (r.index === index) return (BigInt(r.count) << 52n) | r.base | BigInt(index);
      }
      return -ENOENT;
    },
    place,
    areSound,
    isLast(vcpu) {
      const r = redists.at(vcpu);
      if (r.hasBase === 0) return false;
      const region = at(r.region);
      if (r.slot < region.used - 1) return false;
      if (region.count === 0 || r.slot !== region.count - 1) return true;
      const end = region.base + sizeOf(region.count);
      for (let i = 0; i < dist.regions; i++) if (at(i).base === end && at(i).used > 0) return false;
      return true;
    },
  };
}
