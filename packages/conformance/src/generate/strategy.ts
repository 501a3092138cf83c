// Where sequences come from: fresh ones at random, and variations of those that showed something new (pairs of operations, features of states).

import type { Op, OracleResult } from '../oracle.ts';
import type { Choose } from './choose.ts';
import type { Generator } from './generator.ts';

/** Source of sequences. What it has seen depends on the model only, so a seed gives the same sequences everywhere. */
export interface Strategy {
  /** Begins a sequence of so many operations; the operations come one by one. */
  begin(length: number): Iterator<Op>;
  /** Tells what an operation gave. */
  saw(op: Op, result: OracleResult): void;
  /** Ends the sequence: it is kept if it showed something new. */
  end(): void;
  /** Different features seen so far, sequences kept. */
  readonly seen: number;
  readonly kept: number;
}

/** Sequences kept for variation; the oldest give way. */
const CORPUS = 200;

/** How a kept sequence is varied: cut, thinned, or with an operation twice. The first operation makes the machine and stays. */
function vary(c: Choose, ops: readonly Op[]): Op[] {
  const at = c.between(1, Math.max(1, ops.length - 1));
  const kind = c.between(0, 3);
  if (kind === 0) return ops.slice(0, at);
  if (kind === 1) return ops.filter((_, i) => i === 0 || !c.chance(10));
  if (kind === 2) return [...ops.slice(0, at), ...ops.slice(at, at + 1), ...ops.slice(at)];
  const other = c.between(1, Math.max(1, ops.length - 1));
  return [...ops.slice(0, at), ...ops.slice(other)];
}

/** Creates the source. */
export function createStrategy(c: Choose, generator: Generator): Strategy {
  const features = new Set<string>();
  const corpus: (readonly Op[])[] = [];
  let current: Op[] = [];
  let fresh = 0;
  let before = '';

  function note(feature: string): void {
    if (features.has(feature)) return;
    features.add(feature);
    fresh++;
  }

  function* sequence(length: number): Iterable<Op> & Iterator<Op> {
    const base = corpus.length > 0 && c.chance(50) ? vary(c, c.one(corpus)) : [generator.open(c)];
    const opened = base[0] as Op;
    const waiting = base.slice();
    for (let i = 0; i < length; i++) {
      if (waiting.length === 0) waiting.push(...generator.next(c, opened));
      yield waiting.shift() as Op;
    }
  }

  return {
    begin(length) {
      current = [];
      fresh = 0;
      before = '';
      return sequence(length);
    },
    saw(op, result) {
      current.push(op);
      const [outcome, ...states] = generator.features(op, result);
      note(`${before} ; ${outcome}`);
      for (const feature of states) note(feature);
      before = op.op;
    },
    end() {
      if (fresh === 0) return;
      corpus.push(current);
      if (corpus.length > CORPUS) corpus.shift();
    },
    get seen() {
      return features.size;
    },
    get kept() {
      return corpus.length;
    },
  };
}
