// GICv4 as one VM uses it: vPEs for its vCPUs, LPIs that are forwarded, and where to find them. Linux: arch/arm64/kvm/vgic/vgic-v4.c vgic_v4_init, vgic-init.c vgic_supports_direct_irqs.

import type { Route } from '@virq/irq-core/kvm';
import type { Context } from '../context.ts';
import type { Vpe } from '../host/gic-layout.ts';
import type { Its } from '../its/its.ts';
import type { RunLoop } from '../run/run-loop.ts';
import type { IrqTable } from '../vgic/irqs.ts';
import type { ItsParts } from '../vgic/itss.ts';
import { loadAtOnce, putAtOnce, type ResidencyFrame, vgicV4DoorbellHandler } from './residency.ts';

/** What GICv4 needs of the rest of the VM. */
export interface V4Parts {
  readonly its: ItsParts;
  readonly irqs: IrqTable;
  readonly run: RunLoop;
}

/** GICv4 in one VM. */
export interface V4 extends V4Parts {
  readonly context: Context;
  /** vgic_supports_direct_irqs: the hardware can, and the VM has what LPIs need. A VMM that takes nASSGIcap away takes vLPIs away too. */
  isDirect(): boolean;
  /** vgic_v4_init: vPEs and doorbells, once. 0. */
  init(): number;
  /** An ITS has come into being: vgic_v4_init, if the VGIC is initialised. */
  itsCreated(): void;
  itsAt(index: number): Its;
  /** Index of the ITS that a route's message goes to, -1 for none. */
  itsOf(route: Pick<Route, 'addressLo' | 'addressHi' | 'flags'>): number;
  /** LPI of the pool that is forwarded to a host irq, 0 for none. */
  forwardedTo(hostIrq: number): number;
  /** Handle of an LPI of the pool among all interrupts. */
  handleOf(lpi: number): number;
  /** A guest has taken what its redistributor presented. */
  activated(vcpu: number): void;
  /** vgic_v4_load, on the physical CPU that the vCPU is on, and vgic_v4_commit; vgic_v4_put, with a doorbell for a vCPU that blocks. */
  load(vcpu: number): void;
  put(vcpu: number, inWfi: boolean): void;
  /** vpe->pending_last. */
  isPendingLast(vcpu: number): boolean;
}

/** KVM_MSI_VALID_DEVID. */
const VALID_DEVID = 1;

/** Creates it; the doorbells' handlers are processes. */
export function createV4(context: Context, parts: V4Parts): V4 {
  const { vm, kvm, state, options, host } = context;
  const { gicv4 } = host;
  const doorbell = (vcpu: number): void =>
    void context.processes().spawn(vgicV4DoorbellHandler as never, { vm, vcpu } as never);
  gicv4?.addVm(vm, { direct: (vcpu) => state.interfaces.at(vcpu).direct, doorbell });

  function isDirect(): boolean {
    if (gicv4 === null || state.dist.model !== 3) return false;
    if (gicv4.vpes.version === 4) return state.dist.hasIts === 1;
    return context.profile.registers.typer2 === 'fixed' || state.dist.nassgicap === 1;
  }

  const vpeOf = (vcpu: number): Vpe | null => gicv4?.vpes.at(gicv4.indexOf(vm, vcpu)) ?? null;
  const frameOf = (vcpu: number, wfi: number): ResidencyFrame => {
    const at = kvm.vcpus.pcpu(vcpu);
    return { vm, vcpu, cpu: at < 0 ? vcpu : at, wfi, last: 0, stored: 0 };
  };

  const v4: V4 = {
    ...parts,
    context,
    isDirect,
    init() {
      if (gicv4 === null || !isDirect() || gicv4.vpes.at(gicv4.indexOf(vm, 0)).mapped === 1) return 0;
      for (let vcpu = 0; vcpu < options.vcpus; vcpu++) gicv4.vpes.alloc(gicv4.indexOf(vm, vcpu));
      return 0;
    },
    itsCreated() {
      if (state.dist.initialized === 1) v4.init();
    },
    itsAt: (index) => parts.its.all[index] as Its,
    itsOf({ addressLo, addressHi, flags }) {
      if ((flags & VALID_DEVID) === 0) return -1;
      return parts.its.all.findIndex((its) => its.covers(addressHi * 2 ** 32 + addressLo));
    },
    forwardedTo(hostIrq) {
      const { lpis } = state.irqs;
      for (let i = lpis.next(0); i >= 0; i = lpis.next(i + 1))
        if (lpis.slot(i).hw === 1 && lpis.slot(i).hostIrq === hostIrq) return lpis.handleOf(i);
      return 0;
    },
    handleOf: (lpi) => parts.irqs.ofLpi(lpi),
    activated: (vcpu) => gicv4?.activated(vm, vcpu),
    load(vcpu) {
      const vpe = vpeOf(vcpu);
      if (vpe === null) return;
      loadAtOnce(v4, frameOf(vcpu, 0));
      vpe.ready = vpe.resident;
    },
    put(vcpu, inWfi) {
      if (gicv4 !== null) putAtOnce(v4, frameOf(vcpu, inWfi ? 1 : 0));
    },
    isPendingLast: (vcpu) => vpeOf(vcpu)?.pendingLast === 1,
  };
  return v4;
}
