// What a system can do, seen from outside its processes: the states of the machine, and those in which nothing can move.

import type { System } from '@virq/irq-core/protocol';

/** States of the machine without its process table. */
export interface Behaviour {
  readonly states: ReadonlySet<string>;
  readonly ends: ReadonlySet<string>;
}

const textOf = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

/** Explores by the steps themselves; a step that throws leads nowhere. For small systems. */
export function behaviourOf({ arena, processes }: System): Behaviour {
  const table = Math.min(...Array.from({ length: processes.capacity }, (_, pid) => processes.placeOf(pid).protocol));
  const machine = (): string => textOf(arena.bytes.subarray(0, table));
  const seen = new Set([textOf(arena.bytes)]);
  const queue = [arena.bytes.slice()];
  const [states, ends] = [new Set<string>(), new Set<string>()];

  /** Makes one step from a state; whether it was possible. */
  function tryStep(from: Uint8Array, pid: number, choice: number): boolean {
    let possible = true;
    try {
      possible = processes.step(pid, choice) !== 'blocked';
    } catch {
      arena.bytes.set(from);
    }
    const key = textOf(arena.bytes);
    if (possible && !seen.has(key)) {
      seen.add(key);
      queue.push(arena.bytes.slice());
    }
    arena.bytes.set(from);
    return possible;
  }

  for (let from = queue.shift(); from !== undefined; from = queue.shift()) {
    arena.bytes.set(from);
    states.add(machine());
    let moves = 0;
    for (let pid = processes.next(0); pid >= 0; pid = processes.next(pid + 1))
      for (let choice = 0; choice < processes.choicesOf(pid); choice++) moves += tryStep(from, pid, choice) ? 1 : 0;
    if (moves === 0) ends.add(machine());
  }
  return { states, ends };
}

const isSubset = (a: ReadonlySet<string>, b: ReadonlySet<string>): boolean => [...a].every((s) => b.has(s));

/** A system that does nothing that the other does not do. No property of the other can tell it apart. */
export const doesNoMore = (a: Behaviour, b: Behaviour): boolean =>
  isSubset(a.states, b.states) && isSubset(a.ends, b.ends);
