// @virq/irq-core/events: tracepoints as the model emits them.

export {
  createTrace,
  type EventFields,
  type EventText,
  type EventTexts,
  formatEvent,
  type Trace,
  type TraceEvent,
  traceTo,
} from './trace.ts';
