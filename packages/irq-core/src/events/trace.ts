// Where a model says what it did: the kernel's tracepoints, by their names and fields. Switched off it costs one test.

/** Fields of one event, by the tracepoint's own names. */
export type EventFields = Readonly<Record<string, number | string | boolean>>;

/** Destination of events. Callers test `on` first, so that nothing is built when nobody listens. */
export interface Trace {
  on: boolean;
  emit(name: string, fields: EventFields): void;
}

/** An event as a listener keeps it. `vm` is the index of the virtual machine, -1 for the host. */
export interface TraceEvent {
  readonly name: string;
  readonly fields: EventFields;
}

/** A trace that hands every event to a listener. */
export function traceTo(listener: (event: TraceEvent) => void): Trace {
  return { on: true, emit: (name, fields) => listener({ name, fields }) };
}

/** A trace that nobody listens to until it is switched on and given a listener. */
export function createTrace(): Trace & { listener: ((event: TraceEvent) => void) | null } {
  return {
    on: false,
    listener: null,
    emit(name, fields) {
      this.listener?.({ name, fields });
    },
  };
}

/** How an event prints: the text after `name: ` in the kernel's own format. */
export type EventText = (fields: EventFields) => string;

/** Texts by event name. */
export type EventTexts = Readonly<Record<string, EventText>>;

/** Prints an event as the kernel does, without time: `kvm_set_irq: gsi 5 level 1 source 0`. Unknown events print their fields. */
export function formatEvent(event: TraceEvent, texts: EventTexts): string {
  const text = texts[event.name];
  const plain = (): string =>
    Object.entries(event.fields)
      .map(([k, v]) => `${k}=${String(v)}`)
      .join(' ');
  return `${event.name}: ${text === undefined ? plain() : text(event.fields)}`;
}
