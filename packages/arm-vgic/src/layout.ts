// State of the VGIC of one VM, put together from its rooms. Linux: include/kvm/arm_vgic.h struct vgic_dist, struct vgic_cpu.

import { array, bits, struct, u1, u8, u16, u32, u64, type View } from '@virq/irq-core/arena';
import { lock } from '@virq/irq-core/protocol';
import { type GuestSizes, guestLayout } from './guest/layout.ts';
import { irqsLayout } from './irq/layout.ts';
import { CacheEntry, type ItsSizes, itsLayout } from './its/layout.ts';
import { CpuInterface } from './lr/layout.ts';
import { type MemorySizes, memoryLayout } from './memory/layout.ts';

/**
 * struct vgic_dist. `model` is 0 without a device, else 2 or 3. `nrSpis` is 0 until somebody says how many. `propbaser` is one for all redistributors.
 * `hasFd` says that there is a device, which KVM_CREATE_IRQCHIP makes none of. `online` counts vCPUs that have been created, `regions` redistributor regions, `itss` ITSs. `maintIntid` is the maintenance interrupt of a nested guest.
 * `nassgicap` says that SGIs can be the hardware's (GICv4.1), `nassgireq` that the guest has asked for it. `configLock` is kvm->arch.config_lock.
 * `revision` is that of GICD_IIDR, `groupsWritable` says that user space may write the groups of a GICv2. `activeSpis` counts SPIs on lists as KVM does.
 */
export const Distributor = struct('distributor', {
  model: u8,
  initialized: u1,
  ready: u1,
  dead: u1,
  enabled: u1,
  hasIts: u1,
  hasFd: u1,
  nassgireq: u1,
  groupsWritable: u1,
  hasDistBase: u1,
  hasCpuBase: u1,
  nassgicap: u1,
  revision: u8,
  online: u16,
  maintIntid: u8,
  regions: u8,
  itss: u8,
  nrSpis: u16,
  activeSpis: u16,
  propbaser: u64,
  distBase: u64,
  cpuBase: u64,
  configLock: lock,
});
export type Distributor = View<typeof Distributor>;

/** A redistributor region (struct vgic_redist_region): `count` places, 0 for as many as there are vCPUs; `used` of them are taken. */
export const RedistRegion = struct('redistRegion', { index: u8, count: u16, used: u16, base: u64 });
export type RedistRegion = View<typeof RedistRegion>;

/** A vCPU's redistributor. It lies at `base`, place `slot` of `region`, once it has one; `onBus` says that a guest's access gets there. `mpidr` is packed as Aff3.Aff2.Aff1.Aff0, a byte each; `lpis` is GICR_CTLR.EnableLPIs, `rwp` its RWP. */
export const Redistributor = struct('redistributor', {
  id: u16,
  mpidr: u32,
  lpis: u1,
  rwp: u1,
  syncing: u8,
  hasBase: u1,
  onBus: u1,
  region: u8,
  slot: u16,
  base: u64,
  pendbaser: u64,
});
export type Redistributor = View<typeof Redistributor>;

/**
 * A vCPU in its run loop: `inGuest` it runs guest code, `inKvm` its thread is on the way in or out or asleep, neither is user space. `loaded` says that VMCR is in
 * hardware, `pmr` is VMCR.PMR as KVM last saved it. `pause` is vcpu->arch.pause, how many have stopped it;
 * `awaited` says that whoever did so waits for it, `stopped` that it was in the guest then; `inWfi` that it blocks. `priBits` and `idBits` are what ICC_CTLR_EL1 shows
 * (num_pri_bits, num_id_bits). `lines` is HCR_EL2.VI (bit 0) and VF (bit 1), without a VGIC.
 */
export const RunVcpu = struct('runVcpu', {
  inGuest: u1,
  inKvm: u1,
  hasRun: u1,
  loaded: u1,
  pause: u8,
  awaited: u1,
  stopped: u1,
  lines: bits(2),
  inWfi: u1,
  priBits: bits(4),
  idBits: bits(3),
  pmr: u8,
});
export type RunVcpu = View<typeof RunVcpu>;

/** Sizes of {@link armLayout}. */
export interface ArmSizes {
  readonly vcpus: number;
  readonly spis: number;
  readonly lpis: number;
  readonly itss: number;
  readonly its: ItsSizes;
  readonly memory: MemorySizes;
  readonly linux: GuestSizes;
}

/** Everything of one VM. */
export const armLayout = ({ vcpus, spis, lpis, itss, its, memory, linux }: ArmSizes) =>
  struct('arm', {
    dist: Distributor,
    redists: array(Redistributor, vcpus),
    regions: array(RedistRegion, Math.min(255, vcpus + 4)),
    irqs: irqsLayout({ vcpus, spis, lpis }),
    interfaces: array(CpuInterface, vcpus),
    run: array(RunVcpu, vcpus),
    memory: memoryLayout(memory),
    its: array(itsLayout(its), Math.max(1, itss)),
    linux: guestLayout(linux),
    lru: array(CacheEntry, itss === 0 ? 1 : 16 * vcpus),
  });
export type ArmState = View<ReturnType<typeof armLayout>>;
