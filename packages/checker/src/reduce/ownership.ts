// Who owns which bits when, inferred from what is observed: a process owns what only it touches, and what a lock it holds guards.
//
// The basis of the partial order reduction. A step that touches only what its process owns cannot be told apart from the same step
// made earlier or later: it is made at once, without interleaving. The inference is optimistic and checked during the reduced search
// itself; a state that contradicts it starts the search anew with what was learned.
// S. D. Stoller, E. Cohen: Optimistic Synchronization-Based State-Space Reduction, TACAS 2003 (a violation of the discipline in the
// full space shows in the reduced one). Locksets: S. Savage et al.: Eraser, 1997.

import type { Learner } from '../learn/learner.ts';
import type { Observation } from '../learn/tree.ts';
import type { Permutation } from './symmetry.ts';

/** No process, or several. */
const [NOBODY, SEVERAL] = [-1, -2];

/** Who touches or writes an atom: a pid, NOBODY or SEVERAL, and which locks were held at every such access by several. */
interface Discipline {
  by: number;
  /** Locks held at every access; null before the first. */
  locks: Set<number> | null;
  /** The lock taken for the guard, -1 for none: then the atom is shared unless one process alone touches it. */
  guard: number;
}

/** What the steps' environment must tell: the slot an atom belongs to, and how a step is noted. */
export interface Slots {
  /** Process slot of an atom, -1 if it belongs to none. */
  slotOf(atom: number): number;
  /** Atom of a slot's protocol field; symbol value 0 means free. */
  protocolAtom(pid: number): number;
}

/** Facts about the step that was observed. */
export interface StepFacts {
  readonly pid: number;
  readonly acquires: boolean;
  readonly choices: number;
}

/** The same with the locks that the process holds. */
interface Facts extends StepFacts {
  readonly held: ReadonlySet<number>;
}

/** The inference. */
export interface Ownership {
  /** Takes an observed step into account, adds the reads its verdict rests on, and sets `leaf.owned`. */
  step(facts: StepFacts, o: Observation): void;
  /** Takes an observed property into account. */
  question(o: Observation): void;
  /** True once an assumption was contradicted; cleared by {@link Ownership.restart}. */
  readonly contradicted: boolean;
  restart(): void;
}

const unknown = (): Discipline => ({ by: NOBODY, locks: null, guard: -1 });

/** Inference over the atoms of a learner. */
export function createOwnership(
  { symbols, state, atoms }: Learner,
  slots: Slots,
  images: readonly Permutation[],
): Ownership {
  const touched: Discipline[] = atoms.list.map(unknown);
  const written: Discipline[] = atoms.list.map(unknown);
  const lockAtoms = new Set<number>();
  const visible = new Set<number>();
  const asked = new Set<number>();
  let contradicted = false;

  const present = (atom: number): number => symbols.value(atom, state[atom] as number);
  const visibility = (atom: number, pid: number): number => atom * 256 + pid;

  function heldBy(pid: number): Set<number> {
    const held = new Set<number>();
    for (const lock of lockAtoms) if (present(lock) === pid + 1) held.add(lock);
    return held;
  }

  /** The guard; under symmetry only one that is beyond doubt, so that images of an atom get images of its guard. */
  function chooseGuard(d: Discipline): void {
    const [first = -1] = d.locks ?? [];
    const guard = images.length > 0 && d.locks?.size !== 1 ? -1 : first;
    if (guard === d.guard) return;
    d.guard = guard;
    contradicted = true;
  }

  function note(d: Discipline, pid: number, held: ReadonlySet<number>): void {
    if (d.by === NOBODY) d.by = pid;
    if (d.by !== pid && d.by !== SEVERAL) {
      d.by = SEVERAL;
      contradicted = true;
    }
    if (d.locks === null) {
      d.locks = new Set(held);
      const before = contradicted;
      chooseGuard(d);
      contradicted = before;
      return;
    }
    for (const lock of d.locks) if (!held.has(lock)) d.locks.delete(lock);
    chooseGuard(d);
  }

  /** A lock is guarded by itself: while it is held, nobody else gets past it. */
  function addLock(atom: number): void {
    if (lockAtoms.has(atom)) return;
    lockAtoms.add(atom);
    for (const d of [touched[atom], written[atom]] as Discipline[]) {
      d.by = SEVERAL;
      d.locks = new Set([atom]);
      d.guard = atom;
    }
    contradicted = true;
  }

  /** Adds the guard to what was read and says whether somebody else holds it. */
  function heldByOther(d: Discipline, pid: number, o: Observation): boolean {
    if (d.guard < 0) return false;
    addRead(o, d.guard);
    const holder = present(d.guard);
    return holder !== 0 && holder !== pid + 1;
  }

  function addRead(o: Observation, atom: number): void {
    for (let i = 0; i < o.reads.length; i += 2) if (o.reads[i] === atom) return;
    (o.reads as number[]).push(atom, state[atom] as number);
  }

  /** One access against the discipline. */
  function access(d: Discipline, atom: number, facts: Facts, o: Observation): void {
    if (lockAtoms.has(atom)) {
      if (heldByOther(d, facts.pid, o) && !(facts.acquires && o.leaf.ending === 'blocked'))
        for (const image of imagesOf(atom))
          for (const list of [touched, written]) drop(list[image] as Discipline, image);
      return;
    }
    const list = d === touched[atom] ? touched : written;
    const { held } = facts;
    note(d, facts.pid, held);
    for (const p of images) note(list[p.atom(atom)] as Discipline, p.pid(facts.pid), new Set([...held].map(p.atom)));
    while (heldByOther(d, facts.pid, o)) {
      const { guard } = d;
      drop(d, guard);
      for (const p of images) drop(list[p.atom(atom)] as Discipline, p.atom(guard));
    }
  }

  function drop(d: Discipline, lock: number): void {
    d.locks?.delete(lock);
    chooseGuard(d);
  }

  const imagesOf = (atom: number): number[] => [atom, ...images.map((p) => p.atom(atom))];

  /** A free slot belongs to whoever fills it: such an access is none to the process that will live there. */
  function fillsFreeSlot(atom: number, pid: number, o: Observation): boolean {
    const slot = slots.slotOf(atom);
    if (slot < 0 || slot === pid) return false;
    const protocol = slots.protocolAtom(slot);
    if (present(protocol) !== 0) return false;
    addRead(o, protocol);
    return true;
  }

  const owns = (d: Discipline, pid: number): boolean => d.by === pid || (d.guard >= 0 && present(d.guard) === pid + 1);

  function owned({ pid, choices }: StepFacts, { reads, leaf }: Observation, accesses: number): boolean {
    if (leaf.ending !== 'moved' || choices !== 1) return false;
    for (let i = 0; i < accesses; i += 2) {
      const d = written[reads[i] as number] as Discipline;
      if (d.by !== NOBODY && !owns(d, pid)) return false;
    }
    for (let i = 0; i < leaf.writes.length; i += 2) {
      const atom = leaf.writes[i] as number;
      const d = touched[atom] as Discipline;
      if (!owns(d, pid)) return false;
      if (d.by === pid ? asked.has(atom) : visible.has(visibility(atom, pid))) return false;
    }
    return true;
  }

  return {
    get contradicted() {
      return contradicted;
    },
    restart() {
      contradicted = false;
    },
    step(step, o) {
      const { pid } = step;
      const { reads, leaf } = o;
      if (step.acquires && leaf.ending === 'moved')
        for (let i = 0; i < leaf.writes.length; i += 2) {
          const atom = leaf.writes[i] as number;
          if (slots.slotOf(atom) < 0 && symbols.value(atom, leaf.writes[i + 1] as number) === pid + 1)
            for (const image of imagesOf(atom)) addLock(image);
        }
      const facts: Facts = { ...step, held: heldBy(pid) };
      const accesses = reads.length;
      for (let i = 0; i < accesses; i += 2) {
        const atom = reads[i] as number;
        if (!fillsFreeSlot(atom, pid, o)) access(touched[atom] as Discipline, atom, facts, o);
      }
      for (let i = 0; i < leaf.writes.length; i += 2) {
        const atom = leaf.writes[i] as number;
        if (fillsFreeSlot(atom, pid, o)) continue;
        const [t, w] = [touched[atom], written[atom]] as [Discipline, Discipline];
        access(t, atom, facts, o);
        if (w.by === NOBODY && t.by !== pid) contradicted = true;
        access(w, atom, facts, o);
      }
      leaf.owned = owned(facts, o, accesses);
    },
    question(o) {
      const accesses = o.reads.length;
      for (let i = 0; i < accesses; i += 2) {
        const atom = o.reads[i] as number;
        const d = touched[atom] as Discipline;
        for (const image of imagesOf(atom)) {
          if (asked.has(image)) continue;
          asked.add(image);
          if ((touched[image] as Discipline).by >= 0) contradicted = true;
        }
        if (d.guard < 0) continue;
        addRead(o, d.guard);
        const holder = present(d.guard);
        const key = visibility(atom, holder - 1);
        if (holder === 0 || visible.has(key)) continue;
        visible.add(key);
        for (const p of images) visible.add(visibility(p.atom(atom), p.pid(holder - 1)));
        contradicted = true;
      }
    },
  };
}
