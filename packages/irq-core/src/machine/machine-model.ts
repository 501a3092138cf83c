// A composed machine as a model of the checker: real state and real kernel paths, with small agents that use them.

import type { AnyProtocol, Edits, Model, Property, Sort } from '../protocol/index.ts';
import { createMachine, type Machine, type MachineOptions } from './machine.ts';

/** The protocol that runs in place of another: itself, unless a bug or a mutant is planted. */
export type StandIn = <P extends object>(protocol: P) => P;

/** Declaration of a model over a machine. */
export interface MachineModelDefinition<A extends readonly AnyProtocol<Machine>[]> {
  readonly name: string;
  readonly machine: MachineOptions;
  /** Kernel paths that the model is about: those that bugs edit and mutants are planted in. */
  readonly paths: readonly AnyProtocol<never>[];
  /** Protocols of the agents. Those that splice a kernel path in take what `of` gives for it. */
  agents(of: StandIn): A;
  /** Brings the machine to its start and starts the agents. */
  start(m: Machine, agents: A): void;
  readonly properties: readonly Property<Machine>[];
  readonly symmetry?: readonly Sort[];
}

const standIn = (edits: Edits): StandIn => {
  const editOf = new Map<unknown, unknown>(edits);
  return (protocol) => (editOf.get(protocol) ?? protocol) as typeof protocol;
};

/** Declares a model over a machine. */
export function defineMachineModel<A extends readonly AnyProtocol<Machine>[]>(d: MachineModelDefinition<A>): Model {
  return {
    name: d.name,
    properties: d.properties,
    protocols: d.paths,
    create({ edits = [], record = false } = {}) {
      const agents = d.agents(standIn(edits));
      const machine = createMachine({ ...d.machine, agents, edits, record });
      d.start(machine, agents);
      const { arena, processes } = machine;
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
