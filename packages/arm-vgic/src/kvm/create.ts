// Devices and vCPUs come into being. Linux: virt/kvm/kvm_main.c kvm_ioctl_create_device, kvm_vm_ioctl_create_vcpu, arch/arm64/kvm/vgic/vgic-init.c kvm_vgic_create, kvm_vgic_vcpu_init.

import { E2BIG, EBUSY, EEXIST, EINVAL, ENODEV, ENOMEM } from '@virq/irq-core/errors';
import { affinityOf } from '../vgic/init.ts';
import { DEVICE_TYPE } from './codes.ts';
import type { VgicDevice } from './device.ts';

/** vCPUs that a GICv2 and a GICv3 can have (VGIC_V2_MAX_CPUS, VGIC_V3_MAX_CPUS), and vCPU ids that there are. */
export const MAX_VCPUS = { 2: 8, 3: 512 } as const;

/** Device types that this host has registered: a GICv2 one has no others, a GICv3 one has GICv2 as far as it is compatible. */
function isRegistered({ context: { options } }: VgicDevice, type: number): boolean {
  if (type === DEVICE_TYPE.VGIC_V2) return options.host === 2 || options.v2Compat;
  return options.host === 3 && (type === DEVICE_TYPE.VGIC_V3 || type === DEVICE_TYPE.ITS);
}

/** kvm_vgic_create. */
function createVgic({ context, vcpus, lifecycle }: VgicDevice, model: 2 | 3): number {
  if (vcpus.isBusy()) return -EBUSY;
  if (context.state.dist.model !== 0) return -EEXIST;
  if (vcpus.haveRun()) return -EBUSY;
  if (vcpus.count > MAX_VCPUS[model]) return -E2BIG;
  lifecycle.create(model);
  return 0;
}

/**
 * KVM_CREATE_DEVICE: 0, or -ENODEV for a type that the host does not have, -EBUSY while a vCPU is in KVM_RUN, -EEXIST for a second VGIC, -EBUSY once a vCPU has run, -E2BIG with
 * more vCPUs than the model can have. There can be any number of ITSs, without a VGIC too; -ENOMEM when the VM was made for fewer.
 */
export function createDevice(device: VgicDevice, type: number): number {
  if (!isRegistered(device, type)) return -ENODEV;
  if (type === DEVICE_TYPE.ITS) return device.its.create() < 0 ? -ENOMEM : 0;
  return createVgic(device, type === DEVICE_TYPE.VGIC_V2 ? 2 : 3);
}

/** KVM_CREATE_IRQCHIP: a GICv2 without a device, hence with the addresses of KVM_ARM_SET_DEVICE_ADDR. -ENODEV where the host cannot have one, else as KVM_CREATE_DEVICE. */
export const createIrqchip = (device: VgicDevice): number =>
  isRegistered(device, DEVICE_TYPE.VGIC_V2) ? createVgic(device, 2) : -ENODEV;

/** What stands against a vCPU of this id. */
function refusal({ context: { state, profile }, vcpus }: VgicDevice, id: number): number {
  const { dist, redists } = state;
  const max = dist.model === 2 ? MAX_VCPUS[2] : MAX_VCPUS[3];
  if (id >= MAX_VCPUS[3] || vcpus.count >= max) return -EINVAL;
  if (profile.kvm.vcpuExists === 'first' && vcpus.byId(id) >= 0) return -EEXIST;
  if (dist.initialized === 1) return -EBUSY;
  if (id >= max) return -EINVAL;
  return vcpus.count >= redists.length ? -ENOMEM : 0;
}

/**
 * KVM_CREATE_VCPU: 0, or -EINVAL for an id or a number beyond what the model can have, -EEXIST for an id that is taken, -EBUSY once the VGIC is initialised, -EINVAL when frames overlap. Linux: up to
 * 6.18 an id that is taken is found last: the place of its redistributor stays taken.
 */
export function createVcpu(device: VgicDevice, id: number): number {
  const { context, vcpus, regions } = device;
  const { dist, redists } = context.state;
  const refused = refusal(device, id);
  if (refused !== 0) return refused;
  const isTaken = vcpus.byId(id) >= 0;
  const own = dist.online;
  const r = redists.at(own);
  r.id = id;
  r.mpidr = affinityOf(id);
  const error = dist.model === 3 ? regions.place(own) : 0;
  if (error === 0 && !isTaken) {
    dist.online++;
    return 0;
  }
  Object.assign(r, { id: 0, mpidr: 0, hasBase: 0, onBus: 0, region: 0, slot: 0 });
  return error === 0 ? -EEXIST : error;
}
