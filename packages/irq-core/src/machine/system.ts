// A composed machine as something to check: its arena, its processes, what must hold.

import type { Property, System } from '../protocol/index.ts';
import type { Machine } from './machine.ts';

/** A machine in its present state as the initial state of a check. Tracing ends here: lines are kept outside the arena. */
export function machineSystem(name: string, machine: Machine, properties: readonly Property<never>[]): System {
  machine.trace.on = false;
  machine.trace.listener = null;
  const { arena, processes } = machine;
  return { name, arena, machine, processes: processes as never, properties, symmetry: [] };
}
