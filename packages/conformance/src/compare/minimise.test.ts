// Minimising keeps exactly the operations a difference needs.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Op } from '../oracle.ts';
import type { Difference } from './lockstep.ts';
import { minimise } from './minimise.ts';

const op = (n: number): Op => ({ op: `o${n}` });
const at = (ops: readonly Op[], step: number, path = 'ret'): Difference => ({
  step,
  op: ops[step] as Op,
  fields: [{ path, model: 0, oracle: 1 }],
});

/** Shows the difference at the last operation if all of `needed` came before it. */
const needing = (needed: readonly number[], last: number) => async (ops: readonly Op[]) => {
  const step = ops.findIndex(
    (o, i) => o.op === `o${last}` && needed.every((n) => ops.slice(0, i).some((p) => p.op === `o${n}`)),
  );
  return step < 0 ? null : at(ops, step);
};

it('any needed operations among any others remain, and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 1, max: 58 }), { maxLength: 6 }), async (needed) => {
      const ops = Array.from({ length: 60 }, (_, n) => op(n));
      const small = await minimise(ops, at(ops, 59), needing(needed, 59));
      const kept = small?.ops.map((o) => Number(o.op.slice(1)));
      expect(kept).toEqual([0, ...[...needed].sort((a, b) => a - b), 59]);
    }),
    { seed: 20261121 },
  );
});

it('another difference is not taken for the one that was seen', async () => {
  const ops = [op(0), op(1), op(2)];
  const run = async (tried: readonly Op[]) =>
    tried.length === 3 ? at(tried, 2) : at(tried, tried.length - 1, 'errno');
  expect((await minimise(ops, at(ops, 2), run))?.ops.length).toBe(3);
});

it('a difference that does not show again gives nothing; the limit on runs holds', async () => {
  const ops = Array.from({ length: 40 }, (_, n) => op(n));
  expect(await minimise(ops, at(ops, 39), async () => null)).toBeNull();
  expect((await minimise(ops, at(ops, 39), needing([3, 17], 39), 5))?.runs).toBeLessThanOrEqual(6);
});
