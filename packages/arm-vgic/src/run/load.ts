// A vCPU's CPU interface goes into the hardware and out of it, without list registers. Linux: arch/arm64/kvm/vgic/vgic.c kvm_vgic_load, kvm_vgic_put.

import { minimumBpr1, PREBITS } from '../cpuif/priorities.ts';
import type { VcpuParts } from './world.ts';

const LEAST = minimumBpr1(PREBITS);

/** ICH_VMCR_EL2 as it reads back: binary points below the minimum become the minimum. Arm IHI 0069 12.4.8, IHI 0048B 5.3.3. */
function writeVmcr({ vmcr }: VcpuParts, vcpu: number): void {
  if (vmcr.bpr0.get(vcpu) < LEAST - 1) vmcr.bpr0.set(vcpu, LEAST - 1);
  if (vmcr.bpr1.get(vcpu) < LEAST) vmcr.bpr1.set(vcpu, LEAST);
}

/** Physical CPUs that vCPUs get by themselves, which is what a vCPU's state has room for. */
const PHYSICAL_CPUS = 254;

/** vcpu_load and kvm_vgic_load: a vCPU that was given no physical CPU (`vcpu_load`) is on that of its own number. */
export function vgicLoad(p: VcpuParts, vcpu: number): void {
  if (p.vcpus.pcpu(vcpu) < 0) p.vcpus.load(vcpu, vcpu % PHYSICAL_CPUS);
  p.fields.loaded.set(vcpu, 1);
  writeVmcr(p, vcpu);
  p.residency.load(vcpu);
}

/** VMCR is read back: from here on KVM knows the guest's priority mask. */
export function saveVmcr(p: VcpuParts, vcpu: number): void {
  p.fields.pmr.set(vcpu, p.vmcr.pmr.get(vcpu));
}

/** kvm_vgic_put. */
export function vgicPut(p: VcpuParts, vcpu: number): void {
  p.fields.loaded.set(vcpu, 0);
  saveVmcr(p, vcpu);
  p.residency.put(vcpu, p.fields.inWfi.get(vcpu) === 1);
}
