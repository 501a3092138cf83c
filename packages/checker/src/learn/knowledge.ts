// Everything learned about a system: per process, label and alternative what the step does; per property and instance what it says.

import type { Property, System } from '@virq/irq-core/protocol';
import { createLearner, type Learner } from './learner.ts';
import { decide, emptyTree, grow, type Leaf, type Tree } from './tree.ts';

/** One step as the engine sees it: a process at a label with an alternative. */
export interface Action {
  readonly pid: number;
  /** Value of the slot's protocol field: index + 1. */
  readonly protocol: number;
  readonly pc: number;
  readonly choice: number;
  readonly tree: Tree;
}

/** One property for one instance. */
export interface Question {
  readonly property: Property<never>;
  readonly instance: number;
  readonly holds: Property<never>['holds'];
  readonly tree: Tree;
}

/** The knowledge; grows while a system is explored. */
export interface Knowledge {
  readonly system: System;
  readonly learner: Learner;
  readonly actions: readonly Action[];
  /** Atoms of a slot's protocol and pc, by pid. */
  readonly protocolAtom: readonly number[];
  readonly pcAtom: readonly number[];
  /** `always` and `never`. */
  readonly invariants: readonly Question[];
  readonly witnesses: readonly Question[];
  readonly quiescents: readonly Question[];
  /** Observations made so far. */
  readonly observations: number;
  /** The actions of a process in the present state, in the order of alternatives; empty if the slot is free. */
  actionsOf(pid: number): readonly Action[];
  /** What an action does in the present state. */
  act(action: Action): Leaf;
  /** What a question's answer is in the present state. */
  answer(question: Question): boolean;
}

function questionsOf(properties: readonly Property<never>[], kinds: readonly string[]): Question[] {
  return properties
    .filter((p) => kinds.includes(p.kind))
    .flatMap((property) =>
      Array.from({ length: property.count }, (_, instance) => ({
        property,
        instance,
        holds: property.holds,
        tree: emptyTree(),
      })),
    );
}

/** Knows nothing but the initial state of a recording system. */
export function createKnowledge(system: System): Knowledge {
  const { processes, properties } = system;
  const learner = createLearner(system);
  const { atoms, symbols, state } = learner;
  const pids = Array.from({ length: processes.capacity }, (_, pid) => processes.placeOf(pid));
  const protocolAtom = pids.map((place) => atoms.at(place.protocol));
  const pcAtom = pids.map((place) => atoms.at(place.pc));
  const actions: Action[] = [];
  const byPlace = new Map<number, Action[]>();
  let observations = 0;

  function placeActions(pid: number, protocol: number, pc: number): Action[] {
    const key = (pid * 256 + protocol) * 256 + pc;
    const known = byPlace.get(key);
    if (known !== undefined) return known;
    const choices = processes.protocols[protocol - 1]?.choices[pc] ?? 1;
    const made = Array.from({ length: choices }, (_, choice) => ({
      ...{ pid, protocol, pc, choice },
      tree: emptyTree(),
    }));
    byPlace.set(key, made);
    actions.push(...made);
    return made;
  }

  const present = (atom: number): number => symbols.value(atom, state[atom] as number);

  return {
    system,
    learner,
    actions,
    protocolAtom,
    pcAtom,
    invariants: questionsOf(properties, ['always', 'never']),
    witnesses: questionsOf(properties, ['sometimes']),
    quiescents: questionsOf(properties, ['quiescent']),
    get observations() {
      return observations;
    },
    actionsOf(pid) {
      const protocol = present(protocolAtom[pid] as number);
      return protocol === 0 ? [] : placeActions(pid, protocol, present(pcAtom[pid] as number));
    },
    act(action) {
      const known = decide(action.tree, state);
      if (known !== undefined) return known;
      observations++;
      const seen = learner.step(action.pid, action.choice);
      grow(action.tree, seen, `the step at ${labelOf(system, action)}`);
      return seen.leaf;
    },
    answer(question) {
      const known = decide(question.tree, state);
      if (known !== undefined) return known.ending === 'true';
      observations++;
      const seen = learner.ask(question.holds, question.instance);
      if (seen.leaf.ending === 'failed') throw seen.leaf.error;
      grow(question.tree, seen, `the property '${question.property.name}'`);
      return seen.leaf.ending === 'true';
    },
  };
}

/** `protocol: label` of an action, for messages. */
export function labelOf({ processes }: System, a: Pick<Action, 'protocol' | 'pc'>): string {
  const protocol = processes.protocols[a.protocol - 1];
  return `${protocol?.name}: ${protocol?.labels[a.pc]}`;
}
