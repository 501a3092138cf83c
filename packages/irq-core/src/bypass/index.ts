// @virq/irq-core/bypass: the irqbypass manager.

export { type Bypass, type BypassInit, bypassLayout, type BypassState, type BypassStep, Consumer, createBypass, Producer } from './bypass.ts';
