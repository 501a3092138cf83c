// Acceleration of a VM's local APICs put together: AVIC's state, the run loop, accesses, posting, scheduling. Linux: arch/x86/kvm/svm, irq.c kvm_pi_update_irte.

import type { VmContext } from '@virq/irq-core/backend';
import { EBUSY, EINVAL } from '@virq/irq-core/errors';
import { ROUTE, type Route } from '@virq/irq-core/kvm';
import type { AnyProtocol, Processes } from '@virq/irq-core/protocol';
import { baseAddress } from './apic-base.ts';
import { LOGICAL } from './apic-map.ts';
import { type Avic, createAvic, initAvic } from './avic/avic.ts';
import { type InhibitReason, inhibitBit, isInhibitedBy } from './avic/inhibit.ts';
import { type AvicAccess, createAvicAccess } from './avic/lapic-access.ts';
import { updateLogical } from './avic/logical.ts';
import { APICV } from './avic/tables.ts';
import { type Context, X86_REQ } from './context.ts';
import type { Delivery } from './destination.ts';
import { createGuestMode, type GuestMode } from './guest-mode.ts';
import { type Acceleration, APIC_BASE, isHwEnabled, isX2apic, type Lapics, xapicId } from './lapic.ts';
import type { LapicRegs } from './lapic-regs.ts';
import { IRQCHIP_MODE } from './layout.ts';
import { createPostable } from './postable.ts';
import { kvmSetApicvInhibit, kvmVcpuUpdateApicv } from './protocols/avic-inhibit-update.ts';
import { UPDATE_PI_IRTE, type UpdateForm } from './protocols/avic-pi-update.ts';
import { svmVcpuBlock, svmVcpuLoad, svmVcpuPut } from './protocols/avic-run.ts';
import { svmDeliverInterrupt } from './protocols/svm-deliver.ts';
import { hostOf } from './x86-host.ts';

/** Values of the `apicv` option. */
export const APICV_MODES = { none: APICV.NONE, avic: APICV.AVIC, x2avic: APICV.X2AVIC, vmx: APICV.VMX } as const;

/** Protocols of the x86 backend. */
export const X86_PROTOCOLS: readonly AnyProtocol<never>[] = [
  svmVcpuLoad,
  svmVcpuPut,
  svmVcpuBlock,
  kvmSetApicvInhibit,
  kvmVcpuUpdateApicv,
  svmDeliverInterrupt,
  ...Object.values(UPDATE_PI_IRTE),
];

/** What a VM's acceleration does for the rest of its chip. */
export interface Apicv {
  readonly avic: Avic;
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
  /** How the LAPICs deliver; null without acceleration. */
  readonly acceleration: Acceleration | null;
  /** KVM_REQ_APICV_UPDATE at entry. */
  serve(vcpu: number): void;
  /** kvm_arch_update_irqfd_routing and the bypass callbacks: 0 or negative errno. */
  updateIrte(irqfd: number, hostIrq: number, route: Route | null): number;
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

/** Creates the acceleration of one VM. */
export function createApicv(vm: VmContext, ctx: Context, options: ApicvOptions, parts: ApicvParts): Apicv {
  const avic = avicOf(vm, ctx, options, parts);
  const mode = createGuestMode(ctx, avic);
  const postable = createPostable(ctx, parts.delivery);
  const processes = (): Processes<never> => vm.processes();
  const call = (protocol: AnyProtocol<never>, args: Readonly<Record<string, number>>): void =>
    processes().call(protocol as never, args as never);
  const update = UPDATE_PI_IRTE[options.updatePiIrte ?? ctx.profile.updatePiIrte];
  const { host } = avic;
  const vmIndex = vm.vm;
  let initialised = false;

  function setInhibit(reason: InhibitReason, on: boolean): void {
    if (avic.mode === APICV.NONE || isInhibitedBy(avic, reason) === on) return;
    call(kvmSetApicvInhibit, { vm: vmIndex, set: on ? 1 : 0, reason: inhibitBit(reason) });
  }

  return {
    avic,
    mode,
    access: createAvicAccess({
      avic,
      lapics: parts.lapics,
      regs: () => parts.regs(),
      delivery: parts.delivery,
      mode,
      serve: parts.serve,
    }),
    acceleration:
      avic.mode === APICV.NONE
        ? null
        : { deliver: (vcpu, vector) => call(svmDeliverInterrupt, { vm: vmIndex, vcpu, vector }) },
    init() {
      if (ctx.state.mode === IRQCHIP_MODE.NONE) avic.state.inhibits |= inhibitBit('ABSENT');
      initAvic(avic);
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
    restored: (vcpu) => updateLogical(avic, parts.lapics, vcpu),
    serve(vcpu) {
      if (avic.vcpus.check(vcpu, X86_REQ.APICV_UPDATE)) call(kvmVcpuUpdateApicv, { vm: vmIndex, vcpu });
    },
    updateIrte(irqfd, hostIrq, route) {
      const irq = host.indexOf(hostIrq);
      if (avic.mode === APICV.NONE || !host.canPost || irq < 0) return 0;
      const vcpu = route === null || route.type !== ROUTE.MSI ? -1 : postable(route);
      call(update, { vm: vmIndex, irqfd, irq, to: vcpu + 1, vector: (route?.data ?? 0) & 0xff });
      return 0;
    },
    load(vcpu, cpu) {
      if (cpu >= host.state.cpus.length) return -EINVAL;
      if (avic.vcpus.pcpu(vcpu) >= 0 || host.state.cpus.at(cpu).vm !== 0) return -EBUSY;
      call(svmVcpuLoad, { vm: vmIndex, vcpu, cpu });
      return 0;
    },
    put(vcpu) {
      if (avic.vcpus.pcpu(vcpu) < 0) return -EINVAL;
      call(svmVcpuPut, { vm: vmIndex, vcpu });
      return 0;
    },
    halt: (vcpu) => void processes().spawn(svmVcpuBlock as never, { vm: vmIndex, vcpu } as never),
    setInhibit,
  };
}
