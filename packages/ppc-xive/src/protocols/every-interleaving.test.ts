// The numbers of docs/concepts/every-interleaving.md.

import { check, minimise, type Reductions } from '@virq/checker';
import { formatSchedule, omit } from '@virq/irq-core/protocol';
import { describe, expect, it } from 'vitest';
import { clrMapped, esbFault, setMapped, xiveMapping } from './index.ts';

const unlocked = [[esbFault, omit(esbFault, 'lock mapping', 'unlock mapping')]] as const;
const [ONE, TWO] = [
  { vcpus: 1, touches: 1 },
  { vcpus: 2, touches: 2 },
] as const;

function explore(scope: Readonly<Record<string, number>>, reduce: Partial<Reductions> | false) {
  const model = xiveMapping.build(scope);
  return check((o) => model.create(o), { reduce, survey: 1 });
}

it('has nine, ten and ten labels', () => {
  expect([setMapped, esbFault, clrMapped].map((p) => p.labels.length)).toEqual([9, 10, 10]);
});

it('has 257 states, 475 steps, 2 ends and depth 30 with one vCPU that faults once', () => {
  expect(explore(ONE, false)).toMatchObject({ verdict: 'ok', states: 257, transitions: 475, terminal: 2, depth: 30 });
});

describe.each([
  ['everything', false, 257, 5371],
  ['unnoticed steps together', { symmetry: false, deadLocals: false }, 98, 1198],
  ['exchanged vCPUs as one', { partialOrder: false, deadLocals: false }, 257, 2860],
  ['both', {}, 98, 647],
  ['dead locals alone', { partialOrder: false, symmetry: false }, 257, 5371],
] as const)('%s', (_name, reduce, one, two) => {
  it(`${one} and ${two} states`, () => {
    expect([explore(ONE, reduce), explore(TWO, reduce)]).toMatchObject([
      { verdict: 'ok', states: one },
      { verdict: 'ok', states: two },
    ]);
  });
});

describe('without mapping_lock in the fault handler', () => {
  const make = (o: { readonly record: boolean }) => xiveMapping.build(ONE).create({ ...o, edits: unlocked });

  it('the shortest way has 16 steps and is found after 146 states', () => {
    const { states, violations } = check(make, { reduce: false });
    expect([states, violations[0]?.steps.length]).toEqual([146, 16]);
    const [found] = violations;
    expect(found && formatSchedule(minimise(make, found).steps)).toBe('s1.2:1.2*5.0*9.2');
  });

  it('the whole space has 295 states and a second finding at 26', () => {
    const { states, violations } = check(make, { reduce: false, all: true });
    expect([states, violations.map((v) => v.steps.length)]).toEqual([295, [16, 26]]);
  });
});
