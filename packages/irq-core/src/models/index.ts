// @virq/irq-core/models: small closed worlds over generic kernel protocols, for the checker.

export * as bypassConnect from './bypass-connect.ts';
export * as bypassRoute from './bypass-route.ts';
export * as irqfdAssign from './irqfd-assign.ts';
export * as irqfdRoute from './irqfd-route.ts';
export { type LevelStates, levelStates, setLevel } from './level-states.ts';
export * as resample from './resample.ts';
export * as vfioTrigger from './vfio-trigger.ts';
