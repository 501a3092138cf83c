// Creating the device, connecting vCPUs to it, closing it: one of two types at a time. Linux: KVM_CREATE_DEVICE, KVM_CAP_PPC_IRQ_XIVE, KVM_CAP_IRQ_XICS; book3s_xive.c, book3s_xive_native.c.

import { EBADF, EEXIST, ENODEV, EPERM } from '@virq/irq-core/errors';
import type { Context } from './context.ts';
import { DEVICE } from './layout.ts';

/** Types of device by name. */
export type DeviceType = 'xive' | 'xics';
/** Their numbers. */
export const DEVICE_OF = { xive: DEVICE.XIVE, xics: DEVICE.XICS } as const;

/** What differs between the two. */
export interface DeviceOps {
  /** After the common part of create. */
  init?(): void;
  /** {native,xics}_connect_vcpu once the device is the right one. */
  connect(vcpu: number, server: number): number;
  /** The VMM has closed its descriptor: the device is released, unless something else refers to its file. */
  closed(): void;
}

/** Devices of one VM. */
export interface Devices {
  /** KVM_CREATE_DEVICE: -ENODEV for a type that the kernel does not have, -EEXIST while the VM has a device of either type. */
  create(type: DeviceType): number;
  /** KVM_CAP_PPC_IRQ_XIVE or KVM_CAP_IRQ_XICS on a vCPU: -EBADF without a descriptor of the device, -EPERM for the other type. */
  connect(type: DeviceType, vcpu: number, server: number): number;
  /** close(2) of the device's descriptor: -EBADF if there is none. With mappings of the file left the device stays until they go. */
  close(): number;
}

/** Types of device that the kernel has. */
export type DeviceTable = Readonly<Partial<Record<DeviceType, DeviceOps>>>;

/** Creates the devices' common part over zeroed state. */
export function createDevices({ state, host, options }: Context, ops: DeviceTable): Devices {
  const current = (): DeviceOps | undefined =>
    state.device === DEVICE.NONE ? undefined : state.device === DEVICE.XIVE ? ops.xive : ops.xics;
  return {
    create(type) {
      const device = ops[type];
      if (state.device !== DEVICE.NONE) return -EEXIST;
      if (device === undefined) return -ENODEV;
      Object.assign(state, { vpBase: 0, nrServers: options.maxVcpus, srcCount: 0, savedSrcCount: 0 });
      Object.assign(state, { delayedIrqs: 0, maxSbid: 0, qmap: 0, mapping: 0, fileOpen: 1 });
      state.files++;
      state.singleEscalation = host.singleEscalation ? 1 : 0;
      state.saveRestore = host.saveRestore ? 1 : 0;
      state.device = DEVICE_OF[type];
      device.init?.();
      return 0;
    },
    connect(type, vcpu, server) {
      const device = current();
      if (device === undefined || state.fileOpen === 0) return -EBADF;
      return state.device === DEVICE_OF[type] ? device.connect(vcpu, server) : -EPERM;
    },
    close() {
      if (state.fileOpen === 0) return -EBADF;
      state.fileOpen = 0;
      current()?.closed();
      return 0;
    },
  };
}
