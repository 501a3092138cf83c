// @virq/irq-core/models: closed little worlds of the generic half, for `check`.

export { levelStates, setLevel } from './level-states.ts';
