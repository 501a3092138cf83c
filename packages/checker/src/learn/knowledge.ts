// Everything learned about a system: per process, label and alternative what the step does; per property and instance what it says.

import { ModelError } from '@virq/irq-core/errors';
import type { Property, System } from '@virq/irq-core/protocol';
import { createPcEdges, type LockUser, type PcEdges } from '../lock-order.ts';
import { clearDead, createDeadLocals } from '../reduce/dead-locals.ts';
import { checkEquivariance } from '../reduce/equivariance.ts';
import { createOwnership } from '../reduce/ownership.ts';
import { type Permutation, permutationsOf } from '../reduce/symmetry.ts';
import type { Reductions } from '../result.ts';
import { createLearner, type Learner } from './learner.ts';
import { decide, emptyTree, grow, type Leaf, type Observation, type Tree } from './tree.ts';

/** One step as the engine sees it: a process at a label with an alternative. */
export interface Action {
  readonly pid: number;
  /** Value of the slot's protocol field: index + 1. */
  readonly protocol: number;
  readonly pc: number;
  readonly choice: number;
  /** Whether the step takes a lock, and how many alternatives it has. */
  readonly acquires: boolean;
  readonly choices: number;
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
  /** Permutations of interchangeable instances, without the identity; none if symmetry is off. */
  readonly images: readonly Permutation[];
  /** True once an assumption of the reductions was contradicted; {@link Knowledge.forget} begins anew. */
  readonly contradicted: boolean;
  readonly actions: readonly Action[];
  /** Atoms of a slot's protocol and pc, by pid. */
  readonly protocolAtom: readonly number[];
  readonly pcAtom: readonly number[];
  /** `always` and `never`. */
  readonly invariants: readonly Question[];
  readonly witnesses: readonly Question[];
  readonly quiescents: readonly Question[];
  /** Steps from label to label that were seen. */
  readonly edges: PcEdges;
  /** Witnesses seen in some pass. */
  readonly witnessed: Set<Property<never>>;
  /** Observations made so far. */
  readonly observations: number;
  /** The actions of a process in the present state, in the order of alternatives; empty if the slot is free. */
  actionsOf(pid: number): readonly Action[];
  /** What an action does in the present state. */
  act(action: Action): Leaf;
  /** What a question's answer is in the present state. */
  answer(question: Question): boolean;
  /** Forgets all trees; values and ownership stay. */
  forget(): void;
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
export function createKnowledge(system: System, reductions: Reductions): Knowledge {
  const { processes, properties } = system;
  const learner = createLearner(system);
  const { atoms, symbols, state } = learner;
  const { protocolAtom, pcAtom } = placesOf(system, atoms);
  const actions: Action[] = [];
  const byPlace = new Map<number, Action[]>();
  const slotOfAtom = slotsOf(system, learner);
  const deadLocals = reductions.deadLocals ? createDeadLocals() : null;
  const images = reductions.symmetry ? permutationsOf(system, atoms) : [];
  const slots = {
    slotOf: (atom: number) => slotOfAtom[atom] as number,
    protocolAtom: (pid: number) => protocolAtom[pid] as number,
  };
  const ownership = reductions.partialOrder ? createOwnership(learner, slots, images) : null;
  const invariants = questionsOf(properties, ['always', 'never']);
  const witnesses = questionsOf(properties, ['sometimes']);
  const quiescents = questionsOf(properties, ['quiescent']);
  const edges = createPcEdges();
  let observations = 0;

  const contradicted = (): boolean => ownership?.contradicted === true || deadLocals?.contradicted === true;

  function remember(tree: Tree, seen: Observation, what: string): void {
    observations++;
    if (!grow(tree, seen) && !contradicted()) throw new ModelError(`${what} does not depend on the arena alone`);
  }

  /** Where a step led; -1 is the end of the protocol, its own label if it blocked. */
  function ledTo({ pid, pc }: Action, { writes }: Leaf): number {
    let to = pc;
    for (let i = 0; i < writes.length; i += 2) {
      if (writes[i] === protocolAtom[pid]) return -1;
      if (writes[i] === pcAtom[pid]) to = symbols.value(writes[i] as number, writes[i + 1] as number);
    }
    return to;
  }

  /** Tells the lock order and the dead locals of a step, and clears the locals that die by it. */
  function digest(action: Action, { reads, leaf }: Observation): Observation {
    const { pid, protocol, pc } = action;
    const to = ledTo(action, leaf);
    if (leaf.ending === 'moved') edges.note(processes.protocols[protocol - 1] as LockUser, pc, to);
    if (deadLocals === null) return { reads, leaf };
    const first = protocolAtom[pid] as number;
    const own = (list: readonly number[]): number[] =>
      list
        .filter((atom, i) => i % 2 === 0 && slotOfAtom[atom] === pid && !isPlace(atom, pid))
        .map((atom) => atom - first);
    deadLocals.step({ protocol, pc, to, reads: own(reads), writes: own(leaf.writes) });
    return { reads, leaf: to < 0 ? leaf : clearDead(leaf, first, deadLocals.at(protocol, to)) };
  }

  /** Locals that a property reads never die. */
  function keepLocals({ reads }: Observation): void {
    for (let i = 0; i < reads.length; i += 2) {
      const slot = slotOfAtom[reads[i] as number] as number;
      if (slot >= 0) deadLocals?.keep((reads[i] as number) - (protocolAtom[slot] as number));
    }
  }

  const isPlace = (atom: number, pid: number): boolean => atom === protocolAtom[pid] || atom === pcAtom[pid];

  function placeActions(pid: number, protocol: number, pc: number): Action[] {
    const key = (pid * 256 + protocol) * 256 + pc;
    const known = byPlace.get(key);
    if (known !== undefined) return known;
    const { choices = 1, acquires } = processes.protocols[protocol - 1]?.notes[pc] ?? {};
    const made = Array.from({ length: choices }, (_, choice) => ({
      ...{ pid, protocol, pc, choice, choices, acquires: acquires !== undefined },
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
    images,
    get contradicted() {
      return contradicted();
    },
    invariants,
    witnesses,
    quiescents,
    edges,
    witnessed: new Set(),
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
      const observed = learner.step(action.pid, action.choice);
      const { pid, choice, choices } = action;
      checkEquivariance(learner, images, { pid, choice, choices, label: labelOf(system, action) }, observed.leaf);
      const seen = digest(action, observed);
      ownership?.step(action, seen);
      remember(action.tree, seen, `the step at ${labelOf(system, action)}`);
      return seen.leaf;
    },
    answer(question) {
      const known = decide(question.tree, state);
      if (known !== undefined) return known.ending === 'true';
      const seen = learner.ask(question.holds, question.instance);
      if (seen.leaf.ending === 'failed') throw seen.leaf.error;
      if (question.property.kind !== 'quiescent') ownership?.question(seen);
      keepLocals(seen);
      remember(question.tree, seen, `the property '${question.property.name}'`);
      return seen.leaf.ending === 'true';
    },
    forget() {
      for (const list of [actions, invariants, witnesses, quiescents])
        for (const { tree } of list) Object.assign(tree, emptyTree(), { ran: tree.ran });
      ownership?.restart();
      deadLocals?.settle();
    },
  };
}

/** `protocol: label` of an action, for messages. */
export function labelOf({ processes }: System, a: Pick<Action, 'protocol' | 'pc'>): string {
  const protocol = processes.protocols[a.protocol - 1];
  return `${protocol?.name}: ${protocol?.labels[a.pc]}`;
}

/** Atoms of every slot that say which protocol runs there and where it stands. */
function placesOf({ processes }: System, atoms: Learner['atoms']) {
  const places = Array.from({ length: processes.capacity }, (_, pid) => processes.placeOf(pid));
  return { protocolAtom: places.map((p) => atoms.at(p.protocol)), pcAtom: places.map((p) => atoms.at(p.pc)) };
}

/** Process slot of every atom, -1 outside the process table. */
function slotsOf({ processes }: System, { atoms }: Learner): Int16Array {
  const slots = new Int16Array(atoms.list.length).fill(-1);
  const starts = Array.from({ length: processes.capacity }, (_, pid) => atoms.at(processes.placeOf(pid).protocol));
  starts.forEach((from, pid) => {
    slots.fill(pid, from, starts[pid + 1] ?? slotEnd(processes, atoms, pid));
  });
  return slots;
}

/** First atom behind the last slot: slots are equally long, so one slot's length behind its start. */
function slotEnd(processes: System['processes'], atoms: Learner['atoms'], pid: number): number {
  if (pid === 0) return atoms.list.length;
  const stride = processes.placeOf(pid).protocol - processes.placeOf(pid - 1).protocol;
  const end = processes.placeOf(pid).protocol + stride;
  const word = end >> 2;
  const at = atoms.list.findIndex((a) => a.word >= word);
  return at < 0 ? atoms.list.length : at;
}
