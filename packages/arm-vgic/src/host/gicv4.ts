// The GICv4 of a host put together: tables, vPEs and the ITS, and the VMs whose vCPUs they reach.

import type { HostContext } from '@virq/irq-core/backend';
import { ModelError } from '@virq/irq-core/errors';
import { MSI_IRQ_BASE } from '@virq/irq-core/vfio';
import type { Direct } from '../lr/layout.ts';
import type { GicState, VSgi } from './gic-layout.ts';
import { createPhysicalIts, type PhysicalIts, VECTORS } from './physical-its.ts';
import { createVirtualLpis, type VirtualLpis } from './virtual-lpis.ts';
import { createVpes, type Vpes } from './vpes.ts';

/** Hardware that injects into guests by itself. */
export interface Gicv4 {
  readonly state: GicState;
  readonly tables: VirtualLpis;
  readonly vpes: Vpes;
  readonly its: PhysicalIts;
  /** Index of a vCPU's vPE. */
  indexOf(vm: number, vcpu: number): number;
  /** A VM says where its vCPUs' interfaces are, and what a doorbell starts. */
  addVm(vm: number, sink: VpeSink): void;
  /** Virtual SGIs by Linux irq: its vPE and number. */
  sgiOf(irq: number): VSgi;
  setSgi(irq: number, what: Partial<VSgi>): void;
  /** A guest has taken what its redistributor presented. */
  activated(vm: number, vcpu: number): void;
}

/** Linux irq of the first virtual SGI, above doorbells; 16 for each vPE. */
export const VSGI_IRQ = 8192;

/** A VM from below. */
export interface VpeSink {
  direct(vcpu: number): Direct;
  /** The handler of the vCPU's doorbell begins. */
  doorbell(vcpu: number): void;
}

/** Creates it over zeroed state. */
export function createGicv4({ trace, sizes, vfio }: HostContext, state: GicState, version: 4 | 4.1): Gicv4 {
  const sinks: (VpeSink | undefined)[] = [];
  const vcpuOf = (vpe: number): number => vpe % sizes.vcpus;

  function sinkOf(vpe: number): VpeSink {
    const sink = sinks[Math.floor(vpe / sizes.vcpus)];
    if (sink === undefined) throw new ModelError(`vPE ${vpe} belongs to no VM`);
    return sink;
  }

  const tables: VirtualLpis = createVirtualLpis({
    state,
    direct: (vpe) => sinkOf(vpe).direct(vcpuOf(vpe)),
    ring: (vpe, wanted) => vpes.ring(vpe, wanted),
  });
  const vpes = createVpes({
    state,
    version,
    trace,
    tables: () => tables,
    handle: (vpe) => sinkOf(vpe).doorbell(vcpuOf(vpe)),
  });
  const its = createPhysicalIts({
    state,
    tables,
    indexOf: (irq) => (irq < MSI_IRQ_BASE || irq - MSI_IRQ_BASE >= state.msis.length ? -1 : irq - MSI_IRQ_BASE),
    handle: (index) => vfio.msi.handle(Math.floor(index / VECTORS), index % VECTORS),
  });
  const indexOf = (vm: number, vcpu: number): number => vm * sizes.vcpus + vcpu;

  return {
    state,
    tables,
    vpes,
    its,
    indexOf,
    addVm(vm, sink) {
      sinks[vm] = sink;
    },
    sgiOf: (irq) => state.vpes.at((irq - VSGI_IRQ) >> 4).sgis.at(irq & 15),
    setSgi: (irq, what) => tables.setSgi((irq - VSGI_IRQ) >> 4, irq & 15, what),
    activated: (vm, vcpu) => tables.activated(indexOf(vm, vcpu)),
  };
}
