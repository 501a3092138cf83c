// How backends write protocols: `const { protocol } = protocolsOn<Machine>()`, then one line per step.

import type { Fields, StructView } from '../arena/index.ts';
import { ModelError } from '../errors.ts';
import {
  assemble,
  BLOCKED,
  DONE,
  END_OF_INCLUDE,
  localsOf,
  type Outcome,
  type Protocol,
  type Step,
  type Steps,
  withNote,
} from './protocol.ts';
import { type Lock, type Srcu, srcuFlip, srcuQuiet, srcuReadLock, srcuReadUnlock } from './sync.ts';

/** A local that can hold an SRCU index. */
type NumericLocal<F> = { [K in keyof F]: F[K] extends number ? K : never }[keyof F] & string;

/** Combinators offered inside a protocol definition. */
export interface Combinators<M, F> {
  /** Takes a lock, runs the steps, releases it. Yields the labels `lock <name>` and `unlock <name>`; the lock step blocks while another holds it. */
  locked<N extends string, L extends string>(
    name: N,
    lockOf: (m: M, f: F) => Lock,
    steps: { readonly [K in L]: Step<M, F, NoInfer<L> | `unlock ${N}`> },
  ): { readonly [K in L | `lock ${N}` | `unlock ${N}`]: Step<M, F, never> };
  /** The same with a spinlock, under which no step may sleep: none made with `sleeps`, no mutex, no grace period. */
  spinlocked<N extends string, L extends string>(
    name: N,
    lockOf: (m: M, f: F) => Lock,
    steps: { readonly [K in L]: Step<M, F, NoInfer<L> | `unlock ${N}`> },
  ): { readonly [K in L | `lock ${N}` | `unlock ${N}`]: Step<M, F, never> };
  /** A step that may sleep, such as an allocation with GFP_KERNEL. */
  sleeps<R extends Outcome>(
    step: (m: M, f: F, self: number, choice: number) => R,
  ): (m: M, f: F, self: number, choice: number) => R;
  /** SRCU read-side section around the steps; `local` keeps the index. Labels `enter <name>`, `leave <name>`. */
  reading<N extends string, L extends string>(
    name: N,
    srcuOf: (m: M, f: F) => Srcu,
    local: NumericLocal<F>,
    steps: { readonly [K in L]: Step<M, F, NoInfer<L> | `leave ${N}`> },
  ): { readonly [K in L | `enter ${N}` | `leave ${N}`]: Step<M, F, never> };
  /** synchronize_srcu: waits for the grace period before it, flips the index, then blocks until the readers of the old one have left. Labels `flip <name>`, `wait <name>`. */
  synchronize<N extends string>(
    name: N,
    srcuOf: (m: M, f: F) => Srcu,
    local: NumericLocal<F>,
  ): { readonly [K in `flip ${N}` | `wait ${N}`]: Step<M, F, never> };
  /** A step that can go `choices` ways; the scheduler or the checker picks, the step gets the pick as its fourth argument. */
  choose<R extends Outcome>(
    choices: number,
    step: (m: M, f: F, self: number, choice: number) => R,
  ): (m: M, f: F, self: number, choice: number) => R;
  /** A step at which the process may wait for ever without anything being lost: an idle CPU, a worker without work. */
  idle<R extends Outcome>(
    step: (m: M, f: F, self: number, choice: number) => R,
  ): (m: M, f: F, self: number, choice: number) => R;
  /** Splices another protocol in; its labels become `<prefix>.<label>`, its locals must be among ours. */
  include<P extends string, A extends Fields>(
    prefix: P,
    inner: F extends StructView<A> ? Protocol<M, A> : never,
  ): { readonly [K in `${P}.${string}`]: Step<M, F, never> };
}

function locked<M, F>(name: string, lockOf: (m: M, f: F) => Lock, steps: Record<string, Step<M, F>>) {
  const take: Step<M, F> = (m, f, self) => {
    const l = lockOf(m, f);
    if (l.holder !== 0) return BLOCKED;
    l.holder = self + 1;
    return undefined;
  };
  const release: Step<M, F> = (m, f, self) => {
    const l = lockOf(m, f);
    if (l.holder !== self + 1) throw new ModelError(`${name} is released by a process that does not hold it`);
    l.holder = 0;
  };
  return {
    [`lock ${name}`]: withNote(take, { acquires: name }),
    ...steps,
    [`unlock ${name}`]: withNote(release, { releases: name }),
  };
}

function spinlocked<M, F>(name: string, lockOf: (m: M, f: F) => Lock, steps: Record<string, Step<M, F>>) {
  const section = locked(name, lockOf, steps);
  withNote(section[`lock ${name}`] as Step<M, F>, { spins: true });
  return section;
}

function reading<M, F>(name: string, srcuOf: (m: M, f: F) => Srcu, local: string, steps: Record<string, Step<M, F>>) {
  const slot = (f: F): Record<string, number> => f as Record<string, number>;
  return {
    [`enter ${name}`]: withNote<Step<M, F>>(
      (m, f) => {
        slot(f)[local] = srcuReadLock(srcuOf(m, f));
      },
      { enters: name },
    ),
    ...steps,
    [`leave ${name}`]: withNote<Step<M, F>>((m, f) => srcuReadUnlock(srcuOf(m, f), slot(f)[local] as number), {
      leaves: name,
    }),
  };
}

function synchronize<M, F>(name: string, srcuOf: (m: M, f: F) => Srcu, local: string) {
  const slot = (f: F): Record<string, number> => f as Record<string, number>;
  return {
    [`flip ${name}`]: ((m, f) => {
      const s = srcuOf(m, f);
      if (!srcuQuiet(s, s.index ^ 1)) return BLOCKED;
      slot(f)[local] = srcuFlip(s);
      return undefined;
    }) satisfies Step<M, F>,
    [`wait ${name}`]: withNote<Step<M, F>>(
      (m, f) => (srcuQuiet(srcuOf(m, f), slot(f)[local] as number) ? undefined : BLOCKED),
      { awaits: name },
    ),
  };
}

function include<M, F>(prefix: string, inner: Protocol<M, Fields>): Record<string, Step<M, F>> {
  const translate = (out: Outcome): Outcome => {
    if (out === DONE) return prefix + END_OF_INCLUDE;
    return typeof out === 'string' ? `${prefix}.${out}` : out;
  };
  const wrapped = inner.steps.map((step, i) => {
    const s: Step<M, F> = (m, f, self, choice) => translate(step(m, f as never, self, choice));
    return [`${prefix}.${inner.labels[i]}`, withNote(s, inner.notes[i] ?? {})] as const;
  });
  return Object.fromEntries(wrapped);
}

function choose<S extends object>(choices: number, step: S): S {
  if (!Number.isInteger(choices) || choices < 1 || choices > 255)
    throw new RangeError(`choose(${choices}): 1 to 255 alternatives`);
  return withNote(step, { choices });
}

const idle = <S extends object>(step: S): S => withNote(step, { idle: true });

const sleeps = <S extends object>(step: S): S => withNote(step, { sleeps: true });

const combinators = { locked, spinlocked, sleeps, reading, synchronize, choose, idle, include };

/** The protocol builder for one machine type. */
export interface ProtocolBuilder<M> {
  /**
   * Declares a protocol.
   * @param name the kernel function it models
   * @param locals fields of the frame, in the arena; spawn arguments are locals too
   * @param define returns the steps; `p` offers `locked`, `reading`, `synchronize` and `include`
   */
  protocol<const A extends Fields, L extends string>(
    name: string,
    locals: A,
    define: (p: Combinators<M, StructView<A>>) => Steps<M, StructView<A>, L>,
  ): Protocol<M, A>;
}

/** Builder for protocols over machine type `M`. */
export function protocolsOn<M>(): ProtocolBuilder<M> {
  return {
    protocol(name, locals, define) {
      const kind = localsOf(name, locals);
      const steps = define(combinators as never);
      return assemble(name, kind, Object.entries(steps) as [string, Step<M, StructView<typeof locals>>][]);
    },
  };
}
