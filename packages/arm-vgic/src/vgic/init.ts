// A VGIC comes into being and is initialised. Linux: arch/arm64/kvm/vgic/vgic-init.c kvm_vgic_create, vgic_init, kvm_vgic_dist_init, vgic_allocate_private_irqs_locked.

import { EBUSY } from '@virq/irq-core/errors';
import { ROUTE, type RouteInput } from '@virq/irq-core/kvm';
import type { Context } from '../context.ts';
import { CONFIG, INTID } from '../irq/layout.ts';
import type { IrqTable } from './irqs.ts';

/** SPIs of a VGIC whose NR_IRQS nobody has set: VGIC_NR_IRQS_LEGACY - 32. */
const LEGACY_SPIS = 256 - INTID.SPI;
/** GICD_IIDR revision of a new VGIC: KVM_VGIC_IMP_REV_LATEST. */
const LATEST_REVISION = 3;
/** GICR_PENDBASER after reset: inner shareable, RaWb; outer the same. */
const PENDBASER_RESET = 0x580n;

/** MPIDR affinity of a vCPU id, a byte each: Aff0 has 4 bits. Linux: kvm_calculate_mpidr. */
export const affinityOf = (id: number): number =>
  (id & 0xf) | (((id >>> 4) & 0xff) << 8) | (((id >>> 12) & 0xff) << 16);

/** The life of a VM's VGIC. */
export interface Lifecycle {
  /** kvm_vgic_create: what the device is made of. */
  create(model: 2 | 3): void;
  /** vgic_init: 0, also if it is initialised already. */
  init(): number;
  /** vgic_lazy_init: 0, -EBUSY for a GICv3, and without a device. */
  lazyInit(): number;
}

/** kvm_vgic_setup_default_irq_routing: GSI n is pin n, which is SPI 32 + n. */
export const defaultRouting = (spis: number): RouteInput[] =>
  Array.from({ length: spis }, (_, gsi) => ({
    gsi,
    type: ROUTE.IRQCHIP,
    flags: 0,
    irqchip: 0,
    pin: gsi,
    addressLo: 0,
    addressHi: 0,
    data: 0,
    devid: 0,
  }));

/** Creates it over zeroed state; `initV4` is vgic_v4_init. */
export function createLifecycle(ctx: Context, irqs: IrqTable, initV4: () => number): Lifecycle {
  const { state, kvm } = ctx;
  const { dist } = state;

  function initPrivate(vcpu: number): void {
    for (let intid = 0; intid < INTID.SPI; intid++) {
      const i = irqs.at(irqs.private(vcpu, intid));
      i.intid = intid;
      i.target = vcpu + 1;
      i.config = intid < INTID.PPI ? CONFIG.EDGE : CONFIG.LEVEL;
      i.enabled = intid < INTID.PPI ? 1 : 0;
      i.group = dist.model === 3 ? 1 : 0;
      if (dist.model === 3) i.mpidr = state.redists.at(vcpu).mpidr;
      else i.targets = 1 << (ctx.profile.kvm.v2Targets === 'index' ? vcpu : state.redists.at(vcpu).id);
    }
  }

  function initSpis(): void {
    for (let n = 0; n < dist.nrSpis; n++) {
      const i = irqs.at(irqs.firstSpi + n);
      i.intid = INTID.SPI + n;
      i.target = dist.online === 0 ? 0 : 1;
      i.group = dist.model === 3 ? 1 : 0;
    }
  }

  function init(): number {
    if (dist.initialized === 1) return 0;
    if (dist.nrSpis === 0) dist.nrSpis = Math.min(LEGACY_SPIS, state.irqs.spis.length);
    initSpis();
    for (let vcpu = 0; vcpu < dist.online; vcpu++) {
      initPrivate(vcpu);
      if (dist.model === 3) (state.redists.at(vcpu) as { pendbaser: bigint }).pendbaser = PENDBASER_RESET;
    }
    const error = initV4();
    if (error !== 0) return error;
    dist.initialized = 1;
    return kvm.setGsiRouting(defaultRouting(dist.nrSpis), 0);
  }

  return {
    create(model) {
      dist.model = model;
      dist.revision = LATEST_REVISION;
      if (model === 3) dist.nassgicap = ctx.host.gicv4?.vpes.version === 4.1 ? 1 : 0;
    },
    init,
    lazyInit() {
      if (dist.initialized === 1) return 0;
      return dist.model === 2 ? init() : -EBUSY;
    },
  };
}
