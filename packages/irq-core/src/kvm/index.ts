// @virq/irq-core/kvm: the architecture-independent half of KVM's interrupt delivery.

export { type KvmArch, ROUTE, type Route, type RouteInput } from './arch.ts';
export {
  type AttrName,
  type AttrPayload,
  type DeviceAttr,
  type DeviceAttrTable,
  getDeviceAttr,
  hasDeviceAttr,
  setDeviceAttr,
} from './device-attrs.ts';
export {
  createEventfds,
  type Eventfds,
  type EventfdsState,
  eventfdsLayout,
  FD_NOT_EVENTFD,
  WAITER,
} from './eventfd.ts';
export { kvmIrqfdAssign } from './irqfd-assign.ts';
export { irqfdInject } from './irqfd-inject.ts';
export { irqfdShutdown, kvmIrqfdDeassign, kvmIrqfdRelease } from './irqfd-shutdown.ts';
export { irqfdHangup, irqfdWakeup, startWakeup } from './irqfd-wakeup.ts';
export { DEFAULT_KERNEL, KERNEL_VERSIONS, KERNELS, type KernelProfile, type KernelVersion } from './kernel.ts';
export {
  bindIrqfdWakeups,
  createKvm,
  IRQFD_FLAG,
  type IrqfdArgs,
  KVM_PROTOCOLS,
  type Kvm,
  type KvmInit,
} from './kvm.ts';
export { Irqfd, type KvmState, kvmLayout, RoutingEntry, Vcpu } from './layout.ts';
export { KVM_LIMITS, type VmLimits } from './limits.ts';
export { LOCKS, type LockClass } from './locks.ts';
export { NOTIFIER, type NotifierHandler, type Notifiers } from './notifiers.ts';
export { irqfdResamplerAck, irqfdResamplerShutdown } from './resampler.ts';
export { copyRoute, MSI_VALID_DEVID, type Routing } from './routing.ts';
export { kvmSetIrqRouting } from './routing-update.ts';
export { kvmSetIrq } from './set-irq.ts';
export { freeIrqSourceId, requestIrqSourceId, SOURCE } from './sources.ts';
export { kvmVcpuBlock } from './vcpu-block.ts';
export { createVcpus, REQ, VCPU_MODE, type Vcpus } from './vcpus.ts';
export type { BypassConsumers, KvmParts, KvmWorld } from './world.ts';
