// What must hold of a machine whose processes interleave. Names read as sentences; `check` proves them or shows a schedule.

/** When a property is looked at. */
export type PropertyKind = 'always' | 'never' | 'sometimes' | 'quiescent' | 'eventually' | 'leadsTo';

/** A predicate over a machine, asked for instance `i` of whatever the property ranges over (0 ≤ i < count). */
export type Predicate<M> = (m: M, i: number) => boolean;

/** One property. Predicates must be pure functions of the arena. */
export interface Property<M> {
  /** A sentence: "an IRTE is on the list of the vCPU it names, and on no other". */
  readonly name: string;
  readonly kind: PropertyKind;
  readonly holds: Predicate<M>;
  /** For `leadsTo`: what must follow once `holds` was true. */
  readonly then?: Predicate<M>;
  /** Instances, at least 1. */
  readonly count: number;
  /** What a user notices when it is violated. */
  readonly consequence?: string;
}

/** Details of a property. */
export interface PropertyOptions {
  /** The property is asked for 0..over-1; default 1. */
  readonly over?: number;
  /** What a user notices when it is violated. */
  readonly consequence?: string;
}

function property<M>(said: Omit<Property<M>, 'count' | 'consequence'>, o: PropertyOptions): Property<M> {
  const count = o.over ?? 1;
  if (!Number.isInteger(count) || count < 1) throw new RangeError(`property '${said.name}': over ${count}, at least 1`);
  return { ...said, count, ...(o.consequence !== undefined && { consequence: o.consequence }) };
}

/** Constructors of properties over one machine type. */
export interface PropertyBuilder<M> {
  /** Holds in every reachable state. */
  always(name: string, holds: Predicate<M>, o?: PropertyOptions): Property<M>;
  /** Holds in no reachable state. */
  never(name: string, holds: Predicate<M>, o?: PropertyOptions): Property<M>;
  /** Holds in at least one reachable state: the witness that a model can get there at all. */
  sometimes(name: string, holds: Predicate<M>, o?: PropertyOptions): Property<M>;
  /** Holds in every state in which no process can move: nothing is left undelivered, unless its target is masked. */
  quiescent(name: string, holds: Predicate<M>, o?: PropertyOptions): Property<M>;
  /** On every weakly fair path the predicate becomes true at some point. */
  eventually(name: string, holds: Predicate<M>, o?: PropertyOptions): Property<M>;
  /** On every weakly fair path, whenever `holds` is true, `then` is true at that moment or later. */
  leadsTo(name: string, holds: Predicate<M>, then: Predicate<M>, o?: PropertyOptions): Property<M>;
}

/** Properties over machine type `M`: `const { always, quiescent } = propertiesOn<Machine>()`. */
export function propertiesOn<M>(): PropertyBuilder<M> {
  const of =
    (kind: PropertyKind) =>
    (name: string, holds: Predicate<M>, o: PropertyOptions = {}): Property<M> =>
      property({ name, kind, holds }, o);
  return {
    always: of('always'),
    never: of('never'),
    sometimes: of('sometimes'),
    quiescent: of('quiescent'),
    eventually: of('eventually'),
    leadsTo: (name, holds, then, o = {}) => property({ name, kind: 'leadsTo', holds, then }, o),
  };
}
