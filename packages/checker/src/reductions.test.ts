// Reductions keep every verdict, generated code does what the steps do: over hundreds of random models.

import { describe, expect, it } from 'vitest';
import { randomModel } from './__fixtures__/random-model.ts';
import { type CheckOptions, type CheckResult, check } from './index.ts';

const SEEDS = Array.from({ length: 200 }, (_, seed) => seed);

const run = (seed: number, options: CheckOptions): CheckResult =>
  check((o) => randomModel(seed).create(o), { all: true, ...options });

const broken = (r: CheckResult): string[] => r.violations.map((v) => v.property).sort();

describe('random models', () => {
  const plain = SEEDS.map((seed) => run(seed, { engine: 'plain' }));

  it('are of all kinds', () => {
    const verdicts = plain.map((r) => broken(r).join());
    expect(new Set(verdicts).size).toBeGreaterThan(10);
    expect(plain.filter((r) => r.violations.length === 0).length).toBeGreaterThan(20);
    expect(Math.max(...plain.map((r) => r.states))).toBeGreaterThan(2000);
  });

  it('generated code visits the same states', () => {
    for (const seed of SEEDS) {
      const r = run(seed, { reduce: false });
      const p = plain[seed] as CheckResult;
      expect([seed, r.states, r.transitions, r.terminal, r.depth, broken(r), r.unreached]).toEqual([
        ...[seed, p.states, p.transitions, p.terminal, p.depth],
        ...[broken(p), p.unreached],
      ]);
    }
  });

  it.each([
    ['partial order', { partialOrder: true, deadLocals: false }],
    ['dead locals', { partialOrder: false, deadLocals: true }],
    ['both', { partialOrder: true, deadLocals: true }],
  ] as const)('%s keeps verdicts, ends and witnesses', (name, reduce) => {
    let [saved, total] = [0, 0];
    for (const seed of SEEDS) {
      const r = run(seed, { reduce, survey: 1 });
      const p = plain[seed] as CheckResult;
      const terminal = name === 'partial order' ? [r.terminal, p.terminal] : [0, 0];
      expect([seed, broken(r), r.unreached, terminal[0]]).toEqual([seed, broken(p), p.unreached, terminal[1]]);
      expect(r.states).toBeLessThanOrEqual(p.states);
      saved += p.states - r.states;
      total += p.states;
    }
    expect(saved / total).toBeGreaterThan(name === 'dead locals' ? 0 : 0.3);
  });
});
