// Acceleration of a VM's local APICs put together: AVIC's or APICv's state, the run loop, accesses, posting, scheduling. Linux: arch/x86/kvm/{svm,vmx}, irq.c kvm_pi_update_irte.

import type { VmContext } from '@virq/irq-core/backend';
import { EBUSY, EINVAL } from '@virq/irq-core/errors';
import { ROUTE, type Route, VCPU_MODE } from '@virq/irq-core/kvm';
import type { AnyProtocol, Processes } from '@virq/irq-core/protocol';
import { baseAddress } from './apic-base.ts';
import { LOGICAL } from './apic-map.ts';
import { type Avic, createAvic, initAvic } from './avic/avic.ts';
import { INHIBIT, type InhibitReason, inhibitBit, isInhibitedBy } from './avic/inhibit.ts';
import { type AvicAccess, createAvicAccess } from './avic/lapic-access.ts';
import { updateLogical } from './avic/logical.ts';
import { APICV } from './avic/tables.ts';
import { type Context, X86_REQ } from './context.ts';
import type { Delivery } from './destination.ts';
import { createGuestMode, type GuestMode, type Vendor } from './guest-mode.ts';
import { IOMMU } from './iommu/kind.ts';
import { type Acceleration, APIC_BASE, isHwEnabled, isX2apic, type Lapics, xapicId } from './lapic.ts';
import type { LapicRegs } from './lapic-regs.ts';
import { IRQCHIP_MODE } from './layout.ts';
import { createPostable } from './postable.ts';
import { createVmxAccess } from './posted/lapic-access.ts';
import { deliverVirtual, takeNotification } from './posted/virtual-apic.ts';
import { createVmx, forgetPosted, initVmx, type Vmx } from './posted/vmx.ts';
import { kvmSetApicvInhibit, kvmVcpuUpdateApicv } from './protocols/avic-inhibit-update.ts';
import { UPDATE_PI_IRTE, type UpdateForm } from './protocols/avic-pi-update.ts';
import { svmVcpuBlock, svmVcpuLoad, svmVcpuPut } from './protocols/avic-run.ts';
import { vcpuScanIoapic } from './protocols/scan-ioapic.ts';
import { svmDeliverInterrupt } from './protocols/svm-deliver.ts';
import { vmxVcpuUpdateApicv } from './protocols/vmx-apicv.ts';
import { vmxDeliverInterrupt } from './protocols/vmx-deliver.ts';
import { vmxPiStartBypass, vmxVcpuBlock, vmxVcpuLoad, vmxVcpuPut } from './protocols/vmx-run.ts';
import { vmxSyncPirToIrr } from './protocols/vmx-sync.ts';
import { vmxPiUpdateIrte } from './protocols/vtd-pi-update.ts';
import { hostOf, type X86Host } from './x86-host.ts';

/** Values of the `apicv` option. */
export const APICV_MODES = { none: APICV.NONE, avic: APICV.AVIC, x2avic: APICV.X2AVIC, vmx: APICV.VMX } as const;

/** Protocols of the x86 backend. */
export const X86_PROTOCOLS: readonly AnyProtocol<never>[] = [
  svmVcpuLoad,
  svmVcpuPut,
  svmVcpuBlock,
  kvmSetApicvInhibit,
  vcpuScanIoapic,
  kvmVcpuUpdateApicv,
  ...Object.values(UPDATE_PI_IRTE),
  svmDeliverInterrupt,
  vmxVcpuLoad,
  vmxVcpuPut,
  vmxDeliverInterrupt,
  vmxSyncPirToIrr,
  vmxVcpuBlock,
  vmxVcpuUpdateApicv,
  vmxPiStartBypass,
  vmxPiUpdateIrte,
];

/** Kernel paths of a vendor, and the IOMMU that posts to its CPUs. */
const VENDORS = {
  svm: {
    load: svmVcpuLoad,
    put: svmVcpuPut,
    block: svmVcpuBlock,
    update: kvmVcpuUpdateApicv,
    deliver: svmDeliverInterrupt,
    iommu: IOMMU.amd,
  },
  vmx: {
    load: vmxVcpuLoad,
    put: vmxVcpuPut,
    block: vmxVcpuBlock,
    update: vmxVcpuUpdateApicv,
    deliver: vmxDeliverInterrupt,
    iommu: IOMMU.intel,
  },
} as const;
/** By the mode. */
const VENDOR_OF: readonly Vendor[] = ['svm', 'svm', 'svm', 'vmx'];

/** What a VM's acceleration does for the rest of its chip. */
export interface Apicv {
  readonly avic: Avic;
  readonly vmx: Vmx;
  /** How the LAPICs deliver; null without acceleration. */
  readonly acceleration: Acceleration | null;
  readonly mode: GuestMode;
  readonly access: AvicAccess;
  /** Once ids and registers are at reset. */
  init(): void;
  /** kvm_recalculate_apic_map: ids that two vCPUs share stand against acceleration. */
  mapRebuilt(): void;
  /** kvm_lapic_xapic_id_updated and __kvm_apic_set_base: an id or a base that is not the usual one stands against it for good. */
  registersMoved(vcpu: number): void;
  /** Registers changed from outside (KVM_SET_LAPIC): tables follow. */
  restored(vcpu: number): void;
  /** KVM_REQ_APICV_UPDATE at entry. */
  serve(vcpu: number): void;
  /** kvm_arch_update_irqfd_routing and the bypass callbacks: 0 or negative errno. */
  updateIrte(irqfd: number, hostIrq: number, route: Route | null): number;
  /** The same as a process; true if there is something to do. */
  startUpdateIrte(irqfd: number, hostIrq: number, route: Route | null): boolean;
  /** The first irqfd of the VM has a producer. */
  startBypass(): void;
  /** The CPU in the guest takes what the local APIC has for it, without KVM: the vector, -1 if none. */
  takeByHardware(vcpu: number): number;
  /** The vCPU's thread gets a CPU: -EINVAL without such a CPU, -EBUSY if it has one or another vCPU is there. */
  load(vcpu: number, cpu: number): number;
  /** It is preempted. */
  put(vcpu: number): number;
  /** It halts: a process that sleeps until it is woken. */
  halt(vcpu: number): void;
  setInhibit(reason: InhibitReason, on: boolean): void;
}

/** What {@link createApicv} needs. */
export interface ApicvParts {
  readonly lapics: Lapics;
  readonly delivery: Delivery;
  /** Late: they are built on each other. */
  regs(): LapicRegs;
  serve(vcpu: number): void;
  isRunnable(vcpu: number): boolean;
}

/** Options of a VM about acceleration. */
export interface ApicvOptions {
  /** Hardware acceleration of the local APICs. */
  readonly apicv: keyof typeof APICV_MODES;
  readonly ipiv: boolean;
  /** Overrides the kernel's form of update_pi_irte. */
  readonly updatePiIrte: UpdateForm | undefined;
}

/** The state's view of one VM: where hardware and software meet. */
function avicOf(vm: VmContext, ctx: Context, { apicv, ipiv }: ApicvOptions, { lapics, isRunnable }: ApicvParts): Avic {
  const host = hostOf(vm.host);
  const avic = createAvic({
    vm: vm.vm,
    state: ctx.state.avic,
    mode: APICV_MODES[apicv],
    profile: ctx.profile.avic,
    host,
    vcpus: vm.kvm.vcpus,
    trace: vm.trace,
    idOf: (vcpu) => lapics.at(vcpu).vcpuId,
    setIrr: (vcpu, vector) => void lapics.at(vcpu).irr.add(vector),
    mustStayAwake: isRunnable,
    ipiv,
  });
  host.addVm(vm.vm, avic);
  return avic;
}

/** APICv of one VM on VMX; nothing without it. The flag that says whether it is active, and the inhibits, are common to both vendors. */
function vmxOf(vm: VmContext, ctx: Context, avic: Avic, { lapics, isRunnable }: ApicvParts): Vmx {
  const { posted, pcpus } = avic.host;
  const { state, vcpus } = vm.kvm;
  const vmx = createVmx({
    ...{ vm: vm.vm, state: ctx.state.vmx, profile: ctx.profile.vmx, posted, pcpus, vcpus, trace: vm.trace, isRunnable },
    isActive: avic.isActive,
    canUseVtdPi: () => avic.host.state.iommu === IOMMU.intel && state.bypassIrqs > 0,
    irr: (vcpu) => lapics.at(vcpu).irr,
    isr: (vcpu) => lapics.at(vcpu).isr,
    traceAccepted: avic.traceAccepted,
  });
  posted.addVm(vm.vm, {
    descriptors: vmx.state.vcpus,
    isActive: avic.isActive,
    interruptGuest(vcpu) {
      const v = state.vcpus.at(vcpu);
      if (v.mode === VCPU_MODE.IN_GUEST_MODE) v.mode = VCPU_MODE.EXITING_GUEST_MODE;
    },
  });
  return vmx;
}

/** initVmx, and APICv on unless something stands against it. */
function activateVmx(vmx: Vmx, { state }: Avic): void {
  initVmx(vmx);
  for (let vcpu = 0; vcpu < vmx.vcpus.count; vcpu++) state.vcpus.at(vcpu).active = state.inhibits === 0 ? 1 : 0;
}

/** What differs between the vendors beside their protocols. */
type Hardware = Pick<Apicv, 'access' | 'init' | 'restored' | 'takeByHardware'>;

function svmHardware(avic: Avic, mode: GuestMode, parts: ApicvParts): Hardware {
  const { lapics, delivery, serve } = parts;
  return {
    access: createAvicAccess({ avic, lapics, regs: () => parts.regs(), delivery, mode, serve }),
    init: () => initAvic(avic),
    restored: (vcpu) => updateLogical(avic, lapics, vcpu),
    takeByHardware(vcpu) {
      avic.host.takeDoorbell(avic.vm, vcpu);
      return lapics.acknowledge(vcpu);
    },
  };
}

function vmxHardware(avic: Avic, vmx: Vmx, mode: GuestMode, parts: ApicvParts): Hardware {
  const { lapics, serve } = parts;
  const virtualApic = (vcpu: number) => ({ page: lapics.at(vcpu), status: vmx.at(vcpu) });
  return {
    access: createVmxAccess({ vmx, lapics, regs: () => parts.regs(), mode, serve }),
    init: () => activateVmx(vmx, avic),
    restored(vcpu) {
      forgetPosted(vmx.at(vcpu));
      vmx.refreshStatus(vcpu);
    },
    takeByHardware(vcpu) {
      const cpu = vmx.pcpus.cpus.at(vmx.vcpus.pcpu(vcpu));
      if (cpu.notification === 1) takeNotification(virtualApic(vcpu));
      cpu.notification = 0;
      return deliverVirtual(virtualApic(vcpu));
    },
  };
}

/** The vendor whose exits are counted: that of the acceleration, else that of the IOMMU. */
const vendorOfExits = (mode: number, host: X86Host): Vendor =>
  mode === APICV.NONE && host.state.iommu === IOMMU.intel ? 'vmx' : (VENDOR_OF[mode] as Vendor);

/** Creates the acceleration of one VM. */
export function createApicv(vm: VmContext, ctx: Context, options: ApicvOptions, parts: ApicvParts): Apicv {
  const avic = avicOf(vm, ctx, options, parts);
  const vmx = vmxOf(vm, ctx, avic, parts);
  const { host, vcpus } = avic;
  const vmIndex = vm.vm;
  const vendor = VENDOR_OF[avic.mode] as Vendor;
  const paths = VENDORS[vendor];
  const postable = createPostable(ctx, parts.delivery);
  const processes = (): Processes<never> => vm.processes();
  const call = (protocol: unknown, args: Readonly<Record<string, number>>): void =>
    processes().call(protocol as never, args as never);
  const entering = vendor === 'vmx' ? (vcpu: number) => call(vmxSyncPirToIrr, { vm: vmIndex, vcpu }) : () => undefined;
  const { pcpus } = host;
  const exits = vendorOfExits(avic.mode, host);
  const mode = createGuestMode({ vm: vmIndex, vcpus, pcpus, trace: vm.trace, vendor: exits, entering });
  const hardware = vendor === 'vmx' ? vmxHardware(avic, vmx, mode, parts) : svmHardware(avic, mode, parts);
  const deliver = (vcpu: number, vector: number, deliveryMode: number, trigger: number): void =>
    call(paths.deliver, { vm: vmIndex, vcpu, vector, mode: deliveryMode, trigger });
  const update = vendor === 'vmx' ? vmxPiUpdateIrte : UPDATE_PI_IRTE[options.updatePiIrte ?? ctx.profile.updatePiIrte];
  let initialised = false;

  /** Arguments of the update; null if the interrupt is not remapped, cannot be posted, or is not posted and is not going to be. */
  function irteUpdate(irqfd: number, hostIrq: number, route: Route | null): Readonly<Record<string, number>> | null {
    const irq = host.indexOf(hostIrq);
    if (avic.mode === APICV.NONE || host.state.iommu !== paths.iommu || irq < 0) return null;
    const to = 1 + (route === null || route.type !== ROUTE.MSI ? -1 : postable(route));
    if (to === 0 && vm.kvm.state.irqfds.at(irqfd).irteVcpu === 0) return null;
    return { vm: vmIndex, irqfd, irq, to, vector: (route?.data ?? 0) & 0xff };
  }

  function setInhibit(reason: InhibitReason, on: boolean): void {
    if (avic.mode === APICV.NONE || !INHIBIT[reason][vendor === 'vmx' ? 'vmx' : 'avic']) return;
    if (isInhibitedBy(avic, reason) !== on)
      call(kvmSetApicvInhibit, { vm: vmIndex, set: on ? 1 : 0, reason: inhibitBit(reason) });
  }

  return {
    avic,
    vmx,
    mode,
    acceleration:
      avic.mode === APICV.NONE ? null : { deliver, ...(vendor === 'vmx' && { syncPirToIrr: vmx.syncPirToIrr }) },
    ...hardware,
    init() {
      if (ctx.state.mode === IRQCHIP_MODE.NONE) avic.state.inhibits |= inhibitBit('ABSENT');
      hardware.init();
      initialised = true;
    },
    mapRebuilt() {
      if (!initialised) return;
      const { present, logicalMode } = ctx.state.map;
      setInhibit('PHYSICAL_ID_ALIASED', present === 0);
      setInhibit('LOGICAL_ID_ALIASED', present === 0 || logicalMode === LOGICAL.DISABLED);
    },
    registersMoved(vcpu) {
      if (!initialised) return;
      const a = parts.lapics.at(vcpu);
      if (!isX2apic(a) && xapicId(a) !== (a.vcpuId & 0xff)) setInhibit('APIC_ID_MODIFIED', true);
      if (isHwEnabled(a) && (a.baseHi !== 0 || baseAddress(a) !== APIC_BASE.ADDRESS))
        setInhibit('APIC_BASE_MODIFIED', true);
    },
    serve(vcpu) {
      if (vcpus.check(vcpu, X86_REQ.APICV_UPDATE)) call(paths.update, { vm: vmIndex, vcpu });
    },
    updateIrte(irqfd, hostIrq, route) {
      const args = irteUpdate(irqfd, hostIrq, route);
      if (args !== null) call(update, args);
      return 0;
    },
    startUpdateIrte(irqfd, hostIrq, route) {
      const args = irteUpdate(irqfd, hostIrq, route);
      if (args === null) return false;
      vm.kvm.state.irqfds.at(irqfd).irteBusy = 1;
      processes().spawn(update as never, args as never);
      return true;
    },
    startBypass() {
      if (vmx.canUseVtdPi()) call(vmxPiStartBypass, { vm: vmIndex });
    },
    load(vcpu, cpu) {
      if (cpu >= host.state.cpus.length) return -EINVAL;
      if (vcpus.pcpu(vcpu) >= 0 || vcpus.isBlocking(vcpu) || host.state.cpus.at(cpu).vm !== 0) return -EBUSY;
      call(paths.load, { vm: vmIndex, vcpu, cpu });
      return 0;
    },
    put(vcpu) {
      if (vcpus.pcpu(vcpu) < 0) return -EINVAL;
      call(paths.put, { vm: vmIndex, vcpu });
      return 0;
    },
    halt: (vcpu) => void processes().spawn(paths.block as never, { vm: vmIndex, vcpu } as never),
    setInhibit,
  };
}
