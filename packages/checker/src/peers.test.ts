// The models that peers were given, rebuilt as ordinary protocols, have exactly the states and transitions that the peers count.
//
// Counts of the small instances by SPIN 6.5.2 (-DSAFETY -DNOREDUCE -DBFS, without the monitor), of the large ones by SPIN, TLC,
// Murphi, stateright and a C program, which all agree.

import { describe, expect, it } from 'vitest';
import { avic } from './__fixtures__/peers/avic.ts';
import { intx, intxWithoutLock } from './__fixtures__/peers/intx.ts';
import { resample } from './__fixtures__/peers/resample.ts';
import { check } from './index.ts';

const LONG = process.env['VIRQ_LONG'] === '1';

const INSTANCES = [
  ['intx K=3', () => intx(3), 1476, 6980],
  ['intx K=4', () => intx(4), 22_824, 148_760],
  ['A1: avic N=2 M=2 P=2', () => avic(2, 2).model, 474_850, 1_901_660],
  ['A2: intx K=6', () => intx(6), 4_881_312, 49_434_848],
  ['A3: resample K=3 RD=1', () => resample(3, 1), 6_751_200, 43_384_074],
  ['A4: avic N=2 M=3 P=2', () => avic(2, 3).model, 22_680_768, 111_908_340],
] as const;

describe.each(INSTANCES)('%s', (_name, model, states, transitions) => {
  it.skipIf(!LONG && states > 1e6)(
    `${states} states, ${transitions} transitions`,
    () => {
      const r = check((o) => model().create(o), { reduce: false });
      expect([r.verdict, r.states, r.transitions]).toEqual(['ok', states, transitions]);
    },
    120_000,
  );

  it.skipIf(!LONG && states > 1e6)(
    'the same verdict with reductions',
    () => {
      const r = check((o) => model().create(o));
      expect(r.verdict).toBe('ok');
      expect(r.states).toBeLessThanOrEqual(states);
    },
    120_000,
  );
});

describe('their bugs', () => {
  it('intx without the config lock', () => {
    const r = check((o) => intx(3).create({ ...o, edits: intxWithoutLock }));
    expect(r.violations[0]?.property).toBe('a device is masked and nobody will unmask it');
  });

  it('avic without the refresh of a running vCPU', () => {
    const { model, withoutRefresh } = avic(2, 1);
    const r = check((o) => model.create({ ...o, edits: withoutRefresh }));
    expect(r.violations[0]?.property).toBe('a settled IRTE is on the list of its vCPU and names its pCPU');
  });
});
