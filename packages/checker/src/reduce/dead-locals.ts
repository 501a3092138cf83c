// Which locals will not be read again, by label: they are set to their first value, so that states that differ in them alone are one.
//
// Inferred from observed steps, like ownership: a local thought dead that is read all the same contradicts, and the search starts anew.

import type { Leaf } from '../learn/tree.ts';

/** A step as this reduction sees it: locals by their place in the slot, the same for all slots. */
export interface LocalAccess {
  readonly protocol: number;
  readonly pc: number;
  /** Label afterwards, -1 at the end. */
  readonly to: number;
  readonly reads: readonly number[];
  readonly writes: readonly number[];
}

/** What is known of one label. */
interface Label {
  readonly reads: Set<number>;
  /** Where steps led, and what they wrote on all the ways there. */
  readonly edges: Map<number, Set<number>>;
  live: Set<number>;
}

/** The inference. */
export interface DeadLocals {
  /** Takes an observed step into account. */
  step(access: LocalAccess): void;
  /** A property reads this local: it never dies. */
  keep(local: number): void;
  /** Locals to clear on arrival at a label, as settled by the last {@link DeadLocals.settle}. */
  at(protocol: number, pc: number): readonly number[];
  /** Decides what is dead by all that was seen. */
  settle(): void;
  readonly contradicted: boolean;
}

const keyOf = (protocol: number, pc: number): number => protocol * 256 + pc;

/** Starts with nothing dead. */
export function createDeadLocals(): DeadLocals {
  const labels = new Map<number, Label>();
  const locals = new Map<number, Set<number>>();
  const kept = new Set<number>();
  let dead = new Map<number, readonly number[]>();
  let [contradicted, grown] = [false, false];

  function labelAt(protocol: number, pc: number): Label {
    const key = keyOf(protocol, pc);
    const known = labels.get(key);
    if (known !== undefined) return known;
    const made: Label = { reads: new Set(), edges: new Map(), live: new Set() };
    labels.set(key, made);
    return made;
  }

  /** live = reads ∪ (live of the next label − what the step wrote). True if it grew. */
  function growLive(label: Label, protocol: number): boolean {
    const before = label.live.size;
    for (const local of label.reads) label.live.add(local);
    for (const [to, writes] of label.edges)
      for (const local of labels.get(keyOf(protocol, to))?.live ?? []) if (!writes.has(local)) label.live.add(local);
    return label.live.size > before;
  }

  /** Live locals of every label by all that was seen. */
  function flow(): void {
    for (let grew = true; grew; ) {
      grew = false;
      for (const [key, label] of labels) grew = growLive(label, key >> 8) || grew;
    }
  }

  /** Whether a local that is cleared somewhere turned out to be read later. */
  function readAfterAll(): boolean {
    grown = false;
    flow();
    return [...dead].some(([key, list]) => list.some((local) => labels.get(key)?.live.has(local) === true));
  }

  return {
    get contradicted() {
      contradicted ||= grown && readAfterAll();
      return contradicted;
    },
    keep(local) {
      if (kept.has(local)) return;
      kept.add(local);
      contradicted ||= [...dead.values()].some((list) => list.includes(local));
    },
    step({ protocol, pc, to, reads, writes }) {
      const label = labelAt(protocol, pc);
      const known = locals.get(protocol) ?? new Set<number>();
      locals.set(protocol, known);
      for (const local of [...reads, ...writes]) known.add(local);
      for (const local of reads) {
        grown ||= !label.reads.has(local);
        label.reads.add(local);
      }
      if (to < 0) return;
      const common = label.edges.get(to);
      grown ||= common === undefined || [...common].some((local) => !writes.includes(local));
      if (common === undefined) label.edges.set(to, new Set(writes));
      else for (const local of common) if (!writes.includes(local)) common.delete(local);
    },
    at: (protocol, pc) => dead.get(keyOf(protocol, pc)) ?? [],
    settle() {
      [contradicted, grown] = [false, false];
      flow();
      dead = new Map(
        [...labels].map(([key, { live }]) => [
          key,
          [...(locals.get(key >> 8) ?? [])].filter((local) => !live.has(local) && !kept.has(local)),
        ]),
      );
    },
  };
}

/** Adds to a leaf the clearing of what is dead where it leads. `first` is the atom of the slot's first bit. */
export function clearDead(leaf: Leaf, first: number, dead: readonly number[]): Leaf {
  if (leaf.ending !== 'moved' || dead.length === 0) return leaf;
  const gone = new Set(dead.map((local) => first + local));
  const writes: number[] = [];
  for (let i = 0; i < leaf.writes.length; i += 2)
    if (!gone.has(leaf.writes[i] as number)) writes.push(leaf.writes[i] as number, leaf.writes[i + 1] as number);
  for (const atom of gone) writes.push(atom, 0);
  return { ...leaf, writes };
}
