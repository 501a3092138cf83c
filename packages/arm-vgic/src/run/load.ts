// A vCPU's CPU interface goes into the hardware and out of it, without list registers. Linux: arch/arm64/kvm/vgic/vgic.c kvm_vgic_load, kvm_vgic_put.

import { minimumBpr1, PREBITS } from '../cpuif/priorities.ts';
import type { CpuInterface } from '../lr/layout.ts';
import type { VcpuParts } from './world.ts';

/** ICH_VMCR_EL2 as it reads back: binary points below the minimum become the minimum. Arm IHI 0069 12.4.8, IHI 0048B 5.3.3. */
function writeVmcr({ vmcr }: CpuInterface): void {
  const least = minimumBpr1(PREBITS);
  if (vmcr.bpr0 < least - 1) vmcr.bpr0 = least - 1;
  if (vmcr.bpr1 < least) vmcr.bpr1 = least;
}

/** Physical CPUs that vCPUs get by themselves, which is what a vCPU's state has room for. */
const PHYSICAL_CPUS = 254;

/** vcpu_load and kvm_vgic_load: a vCPU that was given no physical CPU (`vcpu_load`) is on that of its own number. */
export function vgicLoad(p: VcpuParts, vcpu: number, c: CpuInterface): void {
  if (p.vcpus.pcpu(vcpu) < 0) p.vcpus.load(vcpu, vcpu % PHYSICAL_CPUS);
  p.at(vcpu).loaded = 1;
  writeVmcr(c);
  p.residency.load(vcpu);
}

/** VMCR is read back: from here on KVM knows the guest's priority mask. */
export function saveVmcr(p: VcpuParts, vcpu: number, c: CpuInterface): void {
  p.at(vcpu).pmr = c.vmcr.pmr;
}

/** kvm_vgic_put. */
export function vgicPut(p: VcpuParts, vcpu: number, c: CpuInterface): void {
  const v = p.at(vcpu);
  v.loaded = 0;
  saveVmcr(p, vcpu, c);
  p.residency.put(vcpu, v.inWfi === 1);
}
