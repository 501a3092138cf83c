// One VM's x86 interrupt controllers, put together: created as KVM_CREATE_IRQCHIP and KVM_CREATE_VCPU create them.

import type { VmChip, VmContext } from '@virq/irq-core/backend';
import { EEXIST, EINVAL } from '@virq/irq-core/errors';
import { createApicBase } from './apic-base.ts';
import { createApicMap } from './apic-map.ts';
import { type Apicv, type ApicvOptions, createApicv } from './apicv.ts';
import { createArch } from './arch.ts';
import type { Avic } from './avic/avic.ts';
import { APICV } from './avic/tables.ts';
import type { Context } from './context.ts';
import { createDelivery, type Delivery } from './destination.ts';
import { createEoiBitmap } from './eoi-bitmap.ts';
import { createGuest, type Guest } from './guest.ts';
import { createGuestAccess } from './guest-access.ts';
import { createGuestMsrs, type GuestMsrs } from './guest-msr.ts';
import { type Implementation, IOAPIC_PROFILES } from './implementation.ts';
import { createIoapic, type IoapicChip } from './ioapic.ts';
import { createIoapicRegs, IOAPIC_BASE, type IoapicRegs } from './ioapic-regs.ts';
import { createIpi } from './ipi.ts';
import { X86_KERNELS } from './kernel.ts';
import { acceptsPic, createLapics, type Lapics } from './lapic.ts';
import { createLapicRegs, type LapicRegs } from './lapic-regs.ts';
import { createLapicTimers, type LapicTimers } from './lapic-timer.ts';
import { IRQCHIP_MODE, type X86State } from './layout.ts';
import { createMsi, type Msi } from './msi.ts';
import { createPic, type PicPair } from './pic.ts';
import { createPicPorts } from './pic-ports.ts';
import type { Vmx } from './posted/vmx.ts';
import { createQemuDelivery } from './qemu/delivery.ts';
import { DEFAULT_ROUTING } from './routing.ts';
import { createSaveRestore, type SaveRestore } from './save-restore.ts';
import { createEoiForwarding } from './split-irqchip.ts';
import { createVcpuEvents, type VcpuEvents } from './vcpu-events.ts';
import { createX2apic } from './x2apic.ts';
import { createX2apicApi } from './x2apic-api.ts';

/** The chip of one VM. */
export interface X86Chip extends VmChip {
  readonly context: Context;
  readonly state: X86State;
  readonly pic: PicPair;
  readonly ioapic: IoapicChip;
  readonly ioapicRegs: IoapicRegs;
  readonly lapics: Lapics;
  readonly lapicRegs: LapicRegs;
  readonly timers: LapicTimers;
  readonly delivery: Delivery;
  readonly msi: Msi;
  readonly apicv: Apicv;
  readonly avic: Avic;
  readonly vmx: Vmx;
  readonly guest: Guest;
  readonly msrs: GuestMsrs;
  readonly events: VcpuEvents;
  /** vcpu_scan_ioapic: which vectors' EOIs reach the IOAPIC. */
  readonly rescan: (vcpu: number) => void;
  readonly saveRestore: SaveRestore;
  /** KVM_CREATE_IRQCHIP: -EEXIST when there is an irqchip, -EINVAL when there are vCPUs (T02, T03). */
  createIrqchip(): number;
  /** KVM_CAP_SPLIT_IRQCHIP: -EINVAL above 4096 pins, -EEXIST when there is an irqchip or a vCPU (T03, T15, T16). */
  enableSplit(pins: number): number;
  /** KVM_CAP_X2APIC_API: -EINVAL for unknown bits, for both ways with EOI broadcasts, and for suppressing them with an IOAPIC in the kernel. */
  enableX2apicApi(flags: number): number;
  /** Model time has moved to `now` nanoseconds: timers fire. */
  advance(now: bigint): void;
}

/** Options of the `vm` operation, checked by the vocabulary. */
export interface X86Options extends ApicvOptions {
  readonly irqchip: 'kernel' | 'split' | 'none';
  readonly vcpus: number;
  readonly lapicEnable: boolean;
  readonly splitPins: number;
  /** KVM_CAP_X2APIC_API: bit 0 32-bit ids, bit 1 no broadcast quirk. */
  readonly x2apicApi: number;
  readonly bootCpu: number;
  readonly apicIds: readonly number[];
  /** Whose IOAPIC and bus; KVM's if not said. */
  readonly implementation?: Implementation;
  /** kvm.vector_hashing: lowest priority by vector modulo, else by arbitration counter. */
  readonly vectorHashing: boolean;
}

function configure(state: X86State, options: X86Options): void {
  state.mode = { none: IRQCHIP_MODE.NONE, kernel: IRQCHIP_MODE.KERNEL, split: IRQCHIP_MODE.SPLIT }[options.irqchip];
  state.reservedPins = options.splitPins;
  state.x2apicFormat = options.x2apicApi & 1;
  state.noBroadcastQuirk = (options.x2apicApi >> 1) & 1;
  state.bootCpu = options.bootCpu;
  state.arbitratesByPriority = options.vectorHashing ? 0 : 1;
  state.ioapic.base = IOAPIC_BASE;
}

/** Ids and registers at reset. */
function resetLapics(lapics: Lapics, lapicRegs: LapicRegs, options: X86Options): void {
  for (let vcpu = 0; vcpu < lapics.count; vcpu++) {
    lapics.at(vcpu).vcpuId = options.apicIds[vcpu] ?? vcpu;
    lapicRegs.reset(vcpu, false);
    if (options.lapicEnable) lapics.at(vcpu).svr = 0x1ff;
  }
}

/** Which irqchip the VM gets, and its default routing. */
function irqchipOperations(
  vm: VmContext,
  ctx: Context,
  vcpus: number,
): Pick<X86Chip, 'createIrqchip' | 'enableSplit' | 'enableX2apicApi' | 'installDefaults'> {
  const { state } = ctx;
  return {
    enableX2apicApi: createX2apicApi(ctx),
    createIrqchip() {
      if (state.mode !== IRQCHIP_MODE.NONE) return -EEXIST;
      if (vcpus > 0) return -EINVAL;
      state.mode = IRQCHIP_MODE.KERNEL;
      return vm.kvm.setGsiRouting(DEFAULT_ROUTING, 0);
    },
    enableSplit(pins) {
      if (pins > 4096) return -EINVAL;
      if (state.mode !== IRQCHIP_MODE.NONE || vcpus > 0) return -EEXIST;
      state.mode = IRQCHIP_MODE.SPLIT;
      state.reservedPins = pins;
      return 0;
    },
    installDefaults() {
      if (state.mode === IRQCHIP_MODE.KERNEL) vm.kvm.setGsiRouting(DEFAULT_ROUTING, 0);
    },
  };
}

function contextOf(vm: VmContext, state: X86State, { implementation = 'kvm' }: X86Options): Context {
  return {
    state,
    kvm: vm.kvm,
    trace: vm.trace,
    profile: X86_KERNELS[vm.kernel],
    ioapicProfile: IOAPIC_PROFILES[implementation],
    now: vm.now,
  };
}

/** Builds the controllers on each other. Those that need one another the other way round reach it late. */
function createChips(vm: VmContext, ctx: Context, options: X86Options, map: ReturnType<typeof createApicMap>) {
  const lapics = createLapics(ctx);
  const delivery = options.implementation === 'qemu' ? createQemuDelivery(ctx, lapics) : createDelivery(ctx, lapics);
  const mapChanged = (): void => {
    map.setDirty();
    map.refresh();
    apicv.mapRebuilt();
  };
  const moved = (vcpu: number): void => apicv.registersMoved(vcpu);
  const timers = createLapicTimers(lapics, vm.now);
  const pic = createPic(ctx);
  const ioapic = createIoapic(ctx, delivery, pic.inta);
  const ioapicRegs = createIoapicRegs(ctx, ioapic, delivery);
  const sendIpi = createIpi(ctx, delivery);
  const lapicRegs = createLapicRegs(ctx, { lapics, sendIpi, timers, mapChanged, idChanged: moved });
  const x2apic = createX2apic(ctx, lapics, lapicRegs, sendIpi);
  const setBase = createApicBase(lapics, mapChanged, moved);
  const msrs = createGuestMsrs(ctx, { lapics, x2apic, setBase, timers });
  const events = createVcpuEvents(ctx, lapics, (vcpu) => lapicRegs.reset(vcpu, true));
  const rescan = createEoiBitmap(ctx, delivery);
  const guest: Guest = createGuest(ctx, {
    lapics,
    lapicRegs,
    msrs,
    pic,
    emulated: createGuestAccess(ctx, { lapics, lapicRegs, ioapicRegs, msrs, ports: createPicPorts(ctx, pic) }),
    timers,
    rescan,
    acceptEvents: events.accept,
    apicv: () => apicv,
  });
  const apicv = createApicv(vm, ctx, options, {
    lapics,
    delivery,
    regs: () => lapicRegs,
    serve: guest.serve,
    isRunnable: guest.isRunnable,
  });
  const msi = createMsi(ctx, delivery);
  const saveRestore = createSaveRestore(ctx, { lapics, ioapic, pic, timers, mapChanged, restored: apicv.restored });
  return {
    lapics,
    delivery,
    timers,
    pic,
    ioapic,
    ioapicRegs,
    lapicRegs,
    msrs,
    events,
    guest,
    apicv,
    msi,
    saveRestore,
    rescan,
  };
}

/** Creates the chip over zeroed state and brings it to reset. The default routing table is installed by the caller through `installDefaults`. */
export function createX86Chip(vm: VmContext, state: X86State, options: X86Options): X86Chip {
  const ctx = contextOf(vm, state, options);
  configure(state, options);
  const map = createApicMap(ctx);
  const chips = createChips(vm, ctx, options, map);
  const { lapics, pic, ioapic, lapicRegs, timers, apicv } = chips;
  if (apicv.acceleration !== null) lapics.bindAcceleration(apicv.acceleration);
  lapics.bindEoi(createEoiForwarding(ctx, ioapic));
  ioapic.bindApicv(() => apicv.avic.mode !== APICV.NONE && apicv.avic.state.inhibits === 0);
  pic.bindAcceptor(() => {
    for (let vcpu = 0; vcpu < lapics.count; vcpu++) if (acceptsPic(lapics.at(vcpu))) return vcpu;
    return -1;
  });
  resetLapics(lapics, lapicRegs, options);
  map.setDirty();
  // Linux: the map is made before a new vCPU is online, so the last one joins with the next change; KVM_SET_LAPIC is one.
  map.refresh(options.lapicEnable ? lapics.count : lapics.count - 1);
  apicv.init();
  return {
    ...chips,
    context: ctx,
    state,
    arch: createArch(ctx, chips),
    avic: apicv.avic,
    vmx: apicv.vmx,
    ...irqchipOperations(vm, ctx, lapics.count),
    advance(now) {
      timers.tick(now);
      ioapic.tick(now);
    },
  };
}
