// A small closed world to check: a layout, a machine over it, protocols, how it starts, and what must hold.

import {
  type AnyArena,
  type Arena,
  createArena,
  type Fields,
  type StructKind,
  type StructView,
  struct,
} from '../arena/index.ts';
import { ModelError } from '../errors.ts';
import {
  type AnyProtocol,
  createProcesses,
  type Edits,
  type Locals,
  type Processes,
  type ProcessTableView,
  processTable,
} from './processes.ts';
import type { Property } from './property.ts';
import type { Protocol } from './protocol.ts';
import type { Sort } from './sort.ts';

/** Starts a process; arguments are locals of the protocol. Returns the pid. */
export type Spawn<M> = <A extends Fields>(protocol: Protocol<M, A>, args?: Partial<Locals<A>>) => number;

/** What `check` needs of any machine: its bytes, its processes, what must hold. A fresh one stands in its initial state. */
export interface System {
  readonly name: string;
  readonly arena: AnyArena & { readonly kind: StructKind };
  readonly machine: unknown;
  readonly processes: Processes<never>;
  readonly properties: readonly Property<never>[];
  /** Sorts of interchangeable instances (vCPUs, devices, IRQs). */
  readonly symmetry: readonly Sort[];
}

/** How a system is made from a model. */
export interface SystemOptions {
  /** Historical bugs and mutants: protocols that stand in for others. */
  readonly edits?: Edits;
  /** Record which bits each step reads and writes. */
  readonly record?: boolean;
}

/** A model: one definition for the checker, the straight runner, and every edited variant. */
export interface Model {
  readonly name: string;
  readonly properties: readonly Property<never>[];
  readonly protocols: readonly AnyProtocol<never>[];
  /** A new system in its initial state. */
  create(options?: SystemOptions): System;
}

/** Declaration of a {@link Model}. */
export interface ModelDefinition<M, F extends Fields> {
  readonly name: string;
  readonly layout: F;
  /** Process slots; at most 255. */
  readonly processes: number;
  readonly protocols: readonly AnyProtocol<M>[];
  /** Wraps the state into what the steps work on. `spawn` starts further processes (work items). */
  machine(root: StructView<F>, spawn: Spawn<M>): M;
  /** Brings the zeroed state to its start and starts the processes. */
  start(m: M, spawn: Spawn<M>): void;
  readonly properties: readonly Property<M>[];
  readonly symmetry?: readonly Sort[];
}

/** Declares a model. The arena has the declared fields and, as its last, `processes`. */
export function defineModel<M, const F extends Fields>(d: ModelDefinition<M, F>): Model {
  if ('processes' in d.layout) throw new ModelError(`model ${d.name}: the field name 'processes' is taken`);
  return {
    name: d.name,
    properties: d.properties,
    protocols: d.protocols,
    create({ edits = [], record = false } = {}) {
      const table = processTable(d.processes, [...d.protocols, ...edits.map(([, edited]) => edited)]);
      const arena: Arena = createArena(struct(d.name, { ...d.layout, processes: table }) as StructKind, { record });
      const root = arena.root as unknown as StructView<F> & { readonly processes: ProcessTableView };
      let processes: Processes<M> | null = null;
      const spawn: Spawn<M> = (protocol, args) => (processes as Processes<M>).spawn(protocol, args);
      const machine = d.machine(root, spawn);
      processes = createProcesses(arena, root.processes, { protocols: d.protocols, machine, edits });
      d.start(machine, spawn);
      return {
        name: d.name,
        arena,
        machine,
        processes: processes as never,
        properties: d.properties,
        symmetry: d.symmetry ?? [],
      };
    },
  };
}
