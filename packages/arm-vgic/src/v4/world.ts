// A machine as the GICv4 paths of KVM see it.

import { ModelError } from '@virq/irq-core/errors';
import type { KvmParts } from '@virq/irq-core/kvm';
import type { Vpe } from '../host/gic-layout.ts';
import type { Gicv4 } from '../host/gicv4.ts';
import type { Irq } from '../irq/layout.ts';
import type { VgicLists } from '../lists/world.ts';
import type { V4 } from './v4.ts';

/** VMs with their generic halves and chips. */
export interface V4Machine {
  readonly kvms: readonly KvmParts[];
  readonly vms: readonly { readonly chip: { readonly lists: VgicLists; readonly v4: V4 } }[];
}

/** What a frame is about. */
export interface V4Frame {
  vm: number;
}

/** The GICv4 half of the VM of a frame. */
export const v4Of = (m: V4Machine, f: V4Frame): V4 => {
  const { v4 } = (m.vms[f.vm] as V4Machine['vms'][number]).chip;
  return v4;
};

/** The generic half of the VM of a frame. */
export const kvmOf = (m: V4Machine, f: V4Frame): KvmParts => m.kvms[f.vm] as KvmParts;

/** The host's GICv4; only where the path has found that the VM uses it. */
export function gicOf({ context: { host } }: V4): Gicv4 {
  if (host.gicv4 === null) throw new ModelError('a GICv4 path on a host without one');
  return host.gicv4;
}

/** Index of the vPE of a vCPU, and the vPE. */
export const vpeIndexOf = (v: V4, vcpu: number): number => gicOf(v).indexOf(v.context.vm, vcpu);
export const vpeOf = (v: V4, vcpu: number): Vpe => gicOf(v).vpes.at(vpeIndexOf(v, vcpu));

/** The LPI of a pool handle. */
export const lpiOf = (m: V4Machine, f: V4Frame & { lpi: number }): Irq => v4Of(m, f).its.lpis.at(f.lpi);
