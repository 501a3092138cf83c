// One VM's APICv on VMX: descriptors, the virtual-APIC state of its vCPUs, and how software tells a vCPU of an interrupt. Linux: arch/x86/kvm/vmx/vmx.c, posted_intr.c.

import { array, type Bitmap, struct, u8, type View } from '@virq/irq-core/arena';
import type { Trace } from '@virq/irq-core/events';
import { VCPU_MODE, type Vcpus } from '@virq/irq-core/kvm';
import { X86_REQ } from '../context.ts';
import type { Pcpus } from '../pcpu.ts';
import { movePir, NOTIFY, PiDescriptor } from './pi-descriptor.ts';
import type { PostedHost } from './posted-host.ts';

/**
 * A vCPU: its descriptor, the guest interrupt status of its VMCS (`rvi` highest requested, `svi` highest in service, as the CPU believes), and 1 + the CPU it was loaded
 * on last (vcpu->cpu), which stays when it is put.
 */
export const VmxVcpu = struct('vmxVcpu', { desc: PiDescriptor, rvi: u8, svi: u8, lastCpu: u8 });
export type VmxVcpu = View<typeof VmxVcpu>;

/** State of one VM; no vCPUs without APICv on VMX. */
export const vmxLayout = (vcpus: number) => struct('vmx', { vcpus: array(VmxVcpu, vcpus) });
export type VmxState = View<ReturnType<typeof vmxLayout>>;

/** What differs between kernels. */
export interface VmxProfile {
  /** SN is set whenever a vCPU is put without the wake-up vector, and one that is preempted while it blocks gets no wake-up vector (6.17); before, SN was for preempted vCPUs, whatever else. */
  readonly suppressesWhenPut: boolean;
}

/** APICv of one VM. */
export interface Vmx {
  readonly vm: number;
  readonly state: VmxState;
  readonly profile: VmxProfile;
  readonly posted: PostedHost;
  readonly pcpus: Pcpus;
  readonly vcpus: Vcpus;
  readonly trace: Trace;
  at(vcpu: number): VmxVcpu;
  /** kvm_vcpu_apicv_active. */
  isActive(vcpu: number): boolean;
  /** vmx_can_use_vtd_pi: something posts or may post to this VM. Abstraction: before 6.17 an assigned device was enough. */
  canUseVtdPi(): boolean;
  irr(vcpu: number): Bitmap;
  /** kvm_arch_vcpu_runnable. */
  isRunnable(vcpu: number): boolean;
  /** vmx_sync_pir_to_irr in one go: ON first. */
  syncPirToIrr(vcpu: number): void;
  /** Its end: the CPU is told through RVI, or, if APICv is off for the vCPU, KVM looks (KVM_REQ_EVENT). */
  recognise(vcpu: number, posted: boolean): void;
  /** vmx_set_rvi, vmx_hwapic_isr_update: the CPU learns what is requested and what is in service. */
  refreshStatus(vcpu: number): void;
  /** kvm_vcpu_trigger_posted_interrupt: a notification into the guest, else a wake-up. */
  trigger(vcpu: number): void;
  /** trace_kvm_apicv_accept_irq. */
  traceAccepted(vcpu: number, irq: { readonly vector: number; readonly mode: number; readonly trigger: number }): void;
}

/** What {@link createVmx} needs. */
export interface VmxParts extends Pick<Vmx, 'vm' | 'state' | 'profile' | 'posted' | 'pcpus' | 'vcpus' | 'trace'> {
  isActive(vcpu: number): boolean;
  canUseVtdPi(): boolean;
  irr(vcpu: number): Bitmap;
  isr(vcpu: number): Bitmap;
  isRunnable(vcpu: number): boolean;
  traceAccepted: Vmx['traceAccepted'];
}

/** Creates APICv over zeroed state; descriptors are made ready by {@link initVmx}. */
export function createVmx(parts: VmxParts): Vmx {
  const { state, posted, vcpus, irr } = parts;
  const views = Array.from({ length: state.vcpus.length }, (_, vcpu) => state.vcpus.at(vcpu));
  const at = (vcpu: number): VmxVcpu => views[vcpu] as VmxVcpu;

  const vmx: Vmx = {
    ...parts,
    at,
    syncPirToIrr(vcpu) {
      const { desc } = at(vcpu);
      const posted = desc.on === 1;
      desc.on = 0;
      vmx.recognise(vcpu, posted && movePir(desc, irr(vcpu)) >= 0);
    },
    recognise(vcpu, posted) {
      if (parts.isActive(vcpu)) at(vcpu).rvi = Math.max(0, irr(vcpu).highest());
      else if (posted) vcpus.request(vcpu, X86_REQ.EVENT);
    },
    refreshStatus(vcpu) {
      at(vcpu).rvi = Math.max(0, irr(vcpu).highest());
      at(vcpu).svi = Math.max(0, parts.isr(vcpu).highest());
    },
    trigger(vcpu) {
      if (vcpus.mode(vcpu) === VCPU_MODE.IN_GUEST_MODE) posted.notify(posted.ndst(vcpus.pcpu(vcpu)), NOTIFY.POSTED);
      else vcpus.wakeUp(vcpu);
    },
    traceAccepted: parts.traceAccepted,
  };
  return vmx;
}

/** vmx_vcpu_create, __vmx_vcpu_reset: notifications go to the posted-interrupt vector, and are suppressed until the vCPU is loaded. */
export function initVmx(vmx: Vmx): void {
  for (let vcpu = 0; vcpu < vmx.state.vcpus.length; vcpu++) {
    const { desc } = vmx.at(vcpu);
    desc.nv = NOTIFY.POSTED;
    desc.sn = 1;
  }
}

/** pi_apicv_pre_state_restore: KVM_SET_LAPIC throws away what was posted. */
export function forgetPosted({ desc }: VmxVcpu): void {
  desc.on = 0;
  desc.pir.clear();
}
