// A composed machine as something to check: its arena, its processes, what must hold.

import type { AnyProtocol, Model, Property, System } from '../protocol/index.ts';
import { createMachine, type Machine, type MachineOptions } from './machine.ts';

/** A machine in its present state as the initial state of a check. Tracing ends here: lines are kept outside the arena. */
export function machineSystem(name: string, machine: Machine, properties: readonly Property<never>[]): System {
  machine.trace.on = false;
  machine.trace.listener = null;
  const { arena, processes } = machine;
  return { name, arena, machine, processes: processes as never, properties, symmetry: [] };
}

/** A composed machine as a model: the real devices and kernel paths, with agents around them. */
export interface MachineModel {
  readonly name: string;
  readonly machine: Omit<MachineOptions, 'edits' | 'record'>;
  /** Brings the machine to where the check begins and starts the agents. */
  start(m: Machine): void;
  readonly properties: readonly Property<never>[];
}

/** Declares a model over a composed machine. */
export function defineMachineModel(d: MachineModel): Model {
  let protocols: readonly AnyProtocol<never>[] | null = null;
  return {
    name: d.name,
    properties: d.properties,
    get protocols() {
      protocols ??= createMachine(d.machine).processes.protocols as unknown as readonly AnyProtocol<never>[];
      return protocols;
    },
    create({ edits = [], record = false } = {}) {
      const m = createMachine({ ...d.machine, edits, record });
      m.trace.on = false;
      d.start(m);
      return machineSystem(d.name, m, d.properties);
    },
  };
}
