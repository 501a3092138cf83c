// @virq/irq-core/bypass: the irqbypass manager.

export { type Bypass, type BypassInit, createBypass } from './bypass.ts';
export type { BypassParts, BypassStep, Pair } from './connection.ts';
export { type BypassState, bypassLayout, Consumer, Producer } from './layout.ts';
export {
  BYPASS_PROTOCOLS,
  type BypassWorld,
  irqBypassConnect,
  irqBypassRegisterProducer,
  irqBypassUnregisterProducer,
} from './protocols.ts';
