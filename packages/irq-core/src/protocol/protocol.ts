// A kernel path that other CPUs can interleave, as an explicit list of labelled steps: one label, one place where another CPU may run.

import { type Fields, type StructKind, type StructView, struct } from '../arena/index.ts';
import { KernelCrash } from '../errors.ts';

/** Returned by a step that cannot run now; the step must have changed nothing. It is tried again later. */
export const BLOCKED: unique symbol = Symbol('BLOCKED');
/** Returned by a step to end the protocol before its last label. */
export const DONE: unique symbol = Symbol('DONE');

/** What a step may return: nothing (fall through to the next label), a label to jump to, BLOCKED or DONE. */
export type Outcome<L extends string = string> = L | typeof BLOCKED | typeof DONE | void;

/**
 * One atomic step. `m` is the machine, `f` the locals of this process (in the arena), `self` its process number (pid),
 * `choice` the alternative taken, 0 ≤ choice < alternatives, for steps made by `p.choose` (0 for all others).
 */
export type Step<M, F, L extends string = string> = (m: M, f: F, self: number, choice: number) => Outcome<L>;

/** Steps by label, in program order. Labels are verbs; a jump to a label that does not exist does not compile. */
export type Steps<M, F, L extends string> = { readonly [K in L]: Step<M, F, NoInfer<L>> };

/** What is known of a step beyond its code: what it does to a lock, and how many ways it can go. */
export interface StepNote {
  /** Name of the lock it takes or releases, for lock-order checking and the docs. */
  readonly acquires?: string;
  readonly releases?: string;
  /** The lock it takes is a spinlock: nobody may sleep while holding it. */
  readonly spins?: boolean;
  /** The step may sleep: an allocation with GFP_KERNEL, a copy from user space. */
  readonly sleeps?: boolean;
  /** Name of the SRCU domain whose read-side section it enters or leaves, or whose readers it waits for. */
  readonly enters?: string;
  readonly leaves?: string;
  readonly awaits?: string;
  /** The process may wait here for ever: nothing is owed to it (an idle CPU, a worker without work). */
  readonly idle?: boolean;
  /** Number of alternatives a nondeterministic step has (a guest, a device, a CPU that may do this or that). */
  readonly choices?: number;
}

/** A protocol: one definition, run straight, interleaved, replayed from a schedule, or edited into a historical bug. */
export interface Protocol<M = unknown, A extends Fields = Fields> {
  /** The kernel function it models; an edited protocol carries its edits after a `~`. */
  readonly name: string;
  /** Locals, kept in the arena so that a snapshot in mid-flight is complete. */
  readonly locals: StructKind<A>;
  readonly labels: readonly string[];
  readonly steps: readonly Step<M, StructView<A>>[];
  readonly notes: readonly StepNote[];
  /** Alternatives per step, 1 for deterministic ones. */
  readonly choices: readonly number[];
  /** Jump targets: every label, and where a jump to an omitted label or out of an included protocol leads. */
  readonly targets: ReadonlyMap<string, number>;
}

/** States inside a step what the kernel's author takes for granted (BUG_ON, WARN_ON, no NULL). Throws KernelCrash; `check` shows the schedule. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new KernelCrash(message);
}

const notes = new WeakMap<object, StepNote>();

/** Attaches a note to a step function; notes of one step add up. */
export function withNote<S extends object>(step: S, note: StepNote): S {
  notes.set(step, { ...notes.get(step), ...note });
  return step;
}

/** Suffix of the pseudo label that stands behind the last step of an included protocol. */
export const END_OF_INCLUDE = '.$end';

function endsOfIncludes(labels: readonly string[]): [string, number][] {
  const ends = new Map<string, number>();
  labels.forEach((label, i) => {
    for (let dot = label.indexOf('.'); dot >= 0; dot = label.indexOf('.', dot + 1))
      ends.set(label.slice(0, dot) + END_OF_INCLUDE, i + 1);
  });
  return [...ends];
}

/** Assembles a protocol from ordered labels and steps; `aliases` map labels that are gone to the ones that took their place. */
export function assemble<M, A extends Fields>(
  name: string,
  locals: StructKind<A>,
  entries: readonly (readonly [string, Step<M, StructView<A>>])[],
  aliases: ReadonlyMap<string, string | typeof DONE> = new Map(),
): Protocol<M, A> {
  const labels = entries.map(([label]) => label);
  if (labels.length === 0 || labels.length > 255)
    throw new RangeError(`protocol ${name}: ${labels.length} steps, expected 1 to 255`);
  if (new Set(labels).size !== labels.length) throw new RangeError(`protocol ${name}: a label occurs twice`);
  const targets = new Map<string, number>([...endsOfIncludes(labels), ...labels.map((l, i) => [l, i] as const)]);
  for (const [gone, heir] of aliases) targets.set(gone, heir === DONE ? labels.length : (targets.get(heir) as number));
  const steps = entries.map(([, step]) => step);
  const stepNotes = steps.map((s) => notes.get(s) ?? {});
  return { name, locals, labels, steps, notes: stepNotes, choices: stepNotes.map((n) => n.choices ?? 1), targets };
}

/** Declares locals of a protocol as an arena struct. */
export function localsOf<const A extends Fields>(name: string, fields: A): StructKind<A> {
  return struct(`${name} locals`, fields);
}
