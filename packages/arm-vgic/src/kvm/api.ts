// The ioctls of a VM that are about its interrupt controllers. Linux: virt/kvm/kvm_main.c kvm_device_ioctl, arch/arm64/kvm/arm.c kvm_arch_vm_ioctl.

import { EBADF, EIO, ENODEV } from '@virq/irq-core/errors';
import {
  type AttrName,
  type AttrPayload,
  type DeviceAttrTable,
  getDeviceAttr,
  hasDeviceAttr,
  setDeviceAttr,
} from '@virq/irq-core/kvm';
import type { Its } from '../its/its.ts';
import { ADDR, DEVICE_TYPE } from './codes.ts';
import { createDevice, createIrqchip, createVcpu } from './create.ts';
import type { ItsDevice, VgicDevice } from './device.ts';
import { firstRun } from './first-run.ts';
import { irqLine } from './irq-line.ts';
import { ITS_ATTRS } from './its-attrs.ts';
import { V2_ATTRS } from './v2-attrs.ts';
import { V3_ATTRS } from './v3-attrs.ts';

/** A device's descriptor: the VGIC, or an ITS by its number. */
export type DeviceFd = 'vgic' | number;

/** The ioctls. Return values are 0 or negative errno; -EIO for a dead VM, -EBADF without the device. */
export interface KvmApi {
  readonly device: VgicDevice;
  createDevice(type: number): number;
  createIrqchip(): number;
  createVcpu(id: number): number;
  /** KVM_ARM_SET_DEVICE_ADDR: device id in bits 31:16, type in 15:0; the GICv2 only. */
  setDeviceAddr(id: number, address: bigint): number;
  setAttr(fd: DeviceFd, at: AttrName, payload: Readonly<AttrPayload> | null): number;
  getAttr(fd: DeviceFd, at: AttrName, out: AttrPayload): number;
  hasAttr(fd: DeviceFd, at: AttrName): number;
  /** KVM_IRQ_LINE: struct kvm_irq_level. */
  irqLine(irq: number, level: number): number;
  /** KVM_RUN, as far as it can fail before the guest is entered. */
  firstRun(): number;
}

/** A device with what its attributes are. */
interface Opened<T> {
  readonly table: DeviceAttrTable<T>;
  readonly device: T;
}

function legacyAddress(device: VgicDevice, id: number, address: bigint): number {
  const type = id & 0xffff;
  if (id >>> 16 !== 0 || type > ADDR.V2_CPU || device.context.state.dist.model !== 2) return -ENODEV;
  return setDeviceAttr(V2_ATTRS, device, { group: 0, attr: type }, { value: address });
}

/** Creates them. KVM_CREATE_IRQCHIP makes no descriptor. */
export function createKvmApi(device: VgicDevice): KvmApi {
  const { dist } = device.context.state;

  const vgic = (): Opened<VgicDevice> | null => {
    if (dist.hasFd === 0) return null;
    return { table: dist.model === 2 ? V2_ATTRS : V3_ATTRS, device };
  };
  const itsOf = (n: number): Opened<ItsDevice> | null => {
    const its: Its | undefined = device.its.all[n];
    return its === undefined ? null : { table: ITS_ATTRS, device: { vgic: device, its } };
  };
  /** What {@link DeviceFd} leads to, or what the ioctl answers instead. */
  function on(fd: DeviceFd, run: (opened: Opened<never>) => number): number {
    const opened = fd === 'vgic' ? vgic() : itsOf(fd);
    if (opened === null) return -EBADF;
    return dist.dead === 1 ? -EIO : run(opened as unknown as Opened<never>);
  }
  const alive = (run: () => number): number => (dist.dead === 1 ? -EIO : run());

  return {
    device,
    createDevice: (type) =>
      alive(() => {
        const error = createDevice(device, type);
        if (error === 0 && type !== DEVICE_TYPE.ITS) dist.hasFd = 1;
        return error;
      }),
    createIrqchip: () => alive(() => createIrqchip(device)),
    createVcpu: (id) => alive(() => createVcpu(device, id)),
    setDeviceAddr: (id, address) => alive(() => legacyAddress(device, id, address)),
    setAttr: (fd, at, payload) => on(fd, ({ table, device: d }) => setDeviceAttr(table, d, at, payload)),
    getAttr: (fd, at, out) => on(fd, ({ table, device: d }) => getDeviceAttr(table, d, at, out)),
    hasAttr: (fd, at) => on(fd, ({ table, device: d }) => hasDeviceAttr(table, at, d)),
    irqLine: (irq, level) => (dist.dead === 1 ? -EIO : irqLine(device, irq, level)),
    firstRun: () => firstRun(device),
  };
}
