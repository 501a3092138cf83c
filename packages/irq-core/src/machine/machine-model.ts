// A composed machine as a model of the checker: real state and real kernel paths, with small agents that use them.

import type { AnyProtocol, Edits, Model, Property, Sort } from '../protocol/index.ts';
import { createMachine, type Machine, type MachineOptions } from './machine.ts';
import { machineSystem } from './system.ts';

/** The protocol that runs in place of another: itself, unless a bug or a mutant is planted. */
export type StandIn = <P extends object>(protocol: P) => P;

/** Agents of a model, as {@link MachineModel.start} spawns them. */
export type Agents = readonly AnyProtocol<Machine>[];

/** Declaration of a model over a composed machine. */
export interface MachineModel {
  readonly name: string;
  readonly machine: Omit<MachineOptions, 'edits' | 'record'>;
  /** Kernel paths that the model is about, in which faults are planted; default all protocols of the machine. */
  readonly paths?: readonly AnyProtocol<never>[];
  /** Agents beside those in `machine` that splice a kernel path in: they take what `of` gives for it. */
  agents?(of: StandIn): Agents;
  /** Brings the machine to where the check begins and starts the agents. */
  start(m: Machine, agents: Agents): void;
  readonly properties: readonly Property<never>[];
  readonly symmetry?: readonly Sort[];
}

const standIn = (edits: Edits): StandIn => {
  const editOf = new Map<unknown, unknown>(edits);
  return (protocol) => (editOf.get(protocol) ?? protocol) as typeof protocol;
};

/** Declares a model over a composed machine. */
export function defineMachineModel(d: MachineModel): Model {
  let protocols: readonly AnyProtocol<never>[] | null = d.paths ?? null;
  return {
    name: d.name,
    properties: d.properties,
    get protocols() {
      protocols ??= createMachine(d.machine).processes.protocols as unknown as readonly AnyProtocol<never>[];
      return protocols;
    },
    create({ edits = [], record = false } = {}) {
      const agents = d.agents?.(standIn(edits)) ?? [];
      const m = createMachine({ ...d.machine, agents: [...(d.machine.agents ?? []), ...agents], edits, record });
      m.trace.on = false;
      d.start(m, agents);
      return { ...machineSystem(d.name, m, d.properties), symmetry: d.symmetry ?? [] };
    },
  };
}
