// Runs real steps and predicates on a recording arena and notes what they read, what they wrote, and how they ended.

import { clearFootprint, type Footprint } from '@virq/irq-core/arena';
import { ModelError } from '@virq/irq-core/errors';
import type { Property, System } from '@virq/irq-core/protocol';
import { StaleAccess } from '../stale.ts';
import { type Atoms, atomsOf, loadAtom, storeAtom } from './atoms.ts';
import { createSymbols, type Symbols } from './symbols.ts';
import type { Ending, Leaf, Observation } from './tree.ts';

/** Learner over one recording system. */
export interface Learner {
  readonly atoms: Atoms;
  readonly symbols: Symbols;
  /** Symbol of every atom in the state under consideration. */
  readonly state: Uint16Array;
  /** Puts that state into the arena. */
  load(): void;
  /** Makes a step in that state. */
  step(pid: number, choice: number): Observation;
  /** Asks a predicate in that state. */
  ask(holds: Property<never>['holds'], instance: number): Observation;
}

/** Learner of a system made with `record: true`. Throws ModelError if it does not record. */
export function createLearner(system: System): Learner {
  const { arena, processes, machine } = system;
  const footprint = arena.footprint as Footprint;
  if (footprint === null) throw new ModelError(`${system.name}: the system was not made with record: true`);
  const atoms = atomsOf(system);
  const base = arena.words.slice();
  const symbols = createSymbols(atoms.list.map((a) => loadAtom(base, a)));
  const state = new Uint16Array(atoms.list.length);
  const marks = new Uint8Array(atoms.list.length);
  const touched: number[] = [];
  arena.onStale((pool, handle) => {
    throw new StaleAccess(pool, handle);
  });

  function load(): void {
    arena.words.set(base);
    for (const atom of symbols.varying) {
      const symbol = state[atom] as number;
      if (symbol !== 0) storeAtom(arena.words, atoms.list[atom] as never, symbols.value(atom, symbol));
    }
  }

  /** Appends the atoms of some bits as reads, each atom once. */
  function addReads(word: number, bits: number, reads: number[]): void {
    touched.length = 0;
    atoms.within(word, bits, touched);
    for (const atom of touched) {
      if (marks[atom] === 1) continue;
      marks[atom] = 1;
      reads.push(atom, state[atom] as number);
    }
  }

  function writesOf(reads: number[]): number[] {
    const writes: number[] = [];
    for (let word = 0; word < footprint.writes.length; word++) {
      const bits = footprint.writes[word] as number;
      if (bits === 0) continue;
      const written: number[] = [];
      atoms.within(word, bits, written);
      for (const id of written) {
        const a = atoms.list[id] as (typeof atoms.list)[number];
        const whole = a.mask << a.shift;
        if ((bits & whole) !== whole) addReads(word, whole, reads);
        writes.push(id, symbols.of(id, loadAtom(arena.words, a)));
      }
    }
    return writes;
  }

  function observe(run: () => Ending): Observation {
    load();
    clearFootprint(footprint);
    let ending: Ending;
    let error: unknown = null;
    try {
      ending = run();
    } catch (e) {
      [ending, error] = ['failed', e];
    }
    const reads: number[] = [];
    const { order } = footprint;
    for (let i = 0; i < order.length; i += 2) addReads(order[i] as number, order[i + 1] as number, reads);
    const writes = ending === 'moved' ? writesOf(reads) : [];
    for (let i = 0; i < reads.length; i += 2) marks[reads[i] as number] = 0;
    const leaf: Leaf = { atom: -1, ending, writes, error, owned: false };
    return { reads, leaf };
  }

  return {
    atoms,
    symbols,
    state,
    load,
    step: (pid, choice) =>
      observe(() => (processes.step(pid, choice) === 'blocked' ? unchanged(base, arena.words, load) : 'moved')),
    ask: (holds, instance) => observe(() => (holds(machine as never, instance) ? 'true' : 'false')),
  };
}

/** A step that answers BLOCKED must have changed nothing. */
function unchanged(_base: Uint32Array, words: Uint32Array, load: () => void): Ending {
  const after = words.slice();
  load();
  for (let i = 0; i < after.length; i++)
    if (after[i] !== words[i]) throw new ModelError('a step changed the state and then answered BLOCKED');
  return 'blocked';
}
