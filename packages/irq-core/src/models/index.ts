// @virq/irq-core/models: small closed worlds over generic kernel protocols, for the checker.

export * as bypassConnect from './bypass-connect.ts';
export * as bypassRoute from './bypass-route.ts';
export * as irqfdAssign from './irqfd-assign.ts';
export * as irqfdRoute from './irqfd-route.ts';
export { type LevelStates, levelStates, setLevel } from './level-states.ts';
export * as msixPba from './msix-pba.ts';
export * as resample from './resample.ts';
export * as vcpuRequests from './vcpu-requests.ts';
export * as vfioCdx from './vfio-cdx.ts';
export * as vfioIntxLock from './vfio-intx-lock.ts';
export * as vfioPlatform from './vfio-platform.ts';
export * as vfioTrigger from './vfio-trigger.ts';
export * as virqfdRelease from './virqfd-release.ts';
