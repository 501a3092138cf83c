// KVM_IRQ_LINE. Linux: arch/arm64/kvm/arm.c kvm_vm_ioctl_irq_line, vcpu_interrupt_line; encoding: arch/arm64/include/uapi/asm/kvm.h KVM_ARM_IRQ_*.

import { EINVAL, ENXIO } from '@virq/irq-core/errors';
import { ARM_REQ } from '../context.ts';
import { INTID } from '../irq/layout.ts';
import type { VgicDevice } from './device.ts';

/** KVM_ARM_IRQ_TYPE_*. */
export const LINE_TYPE = { CPU: 0, SPI: 1, PPI: 2 } as const;
/** KVM_ARM_IRQ_CPU_FIQ; IRQ is 0. */
const FIQ = 1;

/** The vCPU is vcpu2 * 256 + vcpu. */
export const packIrqLine = (type: number, vcpu: number, number: number): number =>
  (((vcpu >>> 8) << 28) | (type << 24) | ((vcpu & 0xff) << 16) | number) >>> 0;

/** Index of the vCPU that the line names, -1 for none. */
function named({ context: { profile }, vcpus }: VgicDevice, vcpu: number): number {
  if (profile.kvm.irqLineVcpu === 'id') return vcpus.byId(vcpu);
  return vcpu < vcpus.count ? vcpu : -1;
}

/** HCR_EL2.VI or VF of a VM without VGIC. */
function cpuLine(device: VgicDevice, name: number, number: number, level: number): number {
  const { state, kvm } = device.context;
  if (state.dist.model !== 0) return -ENXIO;
  const vcpu = named(device, name);
  if (vcpu < 0 || number > FIQ) return -EINVAL;
  const run = state.run.at(vcpu);
  const bit = number === FIQ ? 2 : 1;
  const next = level === 1 ? run.lines | bit : run.lines & ~bit;
  if (next === run.lines) return 0;
  run.lines = next;
  kvm.vcpus.notify(vcpu, ARM_REQ.IRQ_PENDING);
  return 0;
}

/** Linux: 6.1 finds the vCPU by its index and takes its id for an index then. */
function ppi(device: VgicDevice, name: number, number: number, level: number): number {
  const { context, vcpus, inputs } = device;
  const vcpu = named(device, name);
  if (vcpu < 0 || number < INTID.PPI || number >= INTID.SPI) return -EINVAL;
  if (context.profile.kvm.irqLineVcpu === 'id') return inputs.inject(vcpu, number, level);
  const again = context.state.redists.at(vcpu).id;
  return inputs.inject(again < vcpus.count ? again : -1, number, level);
}

/**
 * KVM_IRQ_LINE: 0, or -ENXIO for an interrupt of the VGIC without one, or of the CPU with one; -EBUSY for a GICv3 that is not initialised (before or after the following, by
 * kernel); -EINVAL for another type, a vCPU or a number that there is not. `irq` has vcpu2 in bits 31:28, type in 27:24, vCPU in 23:16, number in 15:0; any `level` but 0 is high. Numbers
 * of mapped LPIs get through as SPIs: Linux compares with 32 only.
 */
export function irqLine(device: VgicDevice, irq: number, level: number): number {
  const { state, trace, profile } = device.context;
  const type = (irq >>> 24) & 0xf;
  const vcpu = ((irq >>> 28) << 8) | ((irq >>> 16) & 0xff);
  const number = irq & 0xffff;
  const high = level === 0 ? 0 : 1;
  if (trace.on) trace.emit('kvm_irq_line', { type, vcpu, irq: number, level });
  if (type === LINE_TYPE.CPU) return cpuLine(device, vcpu, number, high);
  if (type !== LINE_TYPE.PPI && type !== LINE_TYPE.SPI) return -EINVAL;
  if (state.dist.model === 0) return -ENXIO;
  const early = profile.kvm.lazyInit === 'callers' ? device.lifecycle.lazyInit() : 0;
  if (early !== 0) return early;
  if (type === LINE_TYPE.PPI) return ppi(device, vcpu, number, high);
  return number < INTID.SPI ? -EINVAL : device.inputs.inject(-1, number, high);
}
