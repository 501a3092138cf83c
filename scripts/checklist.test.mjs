// The checklist's script: what counts as a title, and that a missing test is noticed.

import { describe, expect, it } from 'vitest';
import { idsOf, page, testsFor, testsOf, violations } from './checklist.mjs';

const row = (id, priority, more = {}) => ({ id, feature: 'a feature', priority, vectors: [], ...more });
const list = (...rows) => ({ title: 'List', groups: [{ title: 'Group', rows }] });
const tests = (text) => testsOf({ file: 'packages/p/src/a.test.ts', text });
const none = new Set();

describe('titles', () => {
  it('name rows and vectors, ranges of them too', () => {
    expect(idsOf('X86-08 and T09, T99–T101')).toEqual(['X86-08', 'T09', 'T99', 'T100', 'T101']);
    expect(idsOf('V-05 F-01: PQ, V-45…V-47')).toEqual(['F-01', 'V-05', 'V-45', 'V-46', 'V-47']);
    expect(idsOf('CVE-2026-23198, SHT21, T1000')).toEqual([]);
  });

  it.each([
    ['a test', "it('T13 kept', f)", [['T13']]],
    [
      'a describe around it',
      "describe('CORE-05 sums', () => { it('one', f); it('two', f) })",
      [['CORE-05'], ['CORE-05']],
    ],
    ['a table', "it.each([['T21 flags', 4], ['no id', 5]])('%s', f)", [[], ['T21']]],
    ['a template', `it(\`T53 \${name}\`, f)`, [['T53']]],
    ['a skipped test', "it.skip('T13 kept', f); describe.skip('T14', () => { it('x', f) })", []],
    ['text elsewhere', "const s = 'T13 kept'; f('T13', 'x');", []],
  ])('%s', (_what, text, expected) => {
    expect(tests(text).map((t) => [...t.ids])).toEqual(expected);
  });
});

describe('violations', () => {
  const shown = tests("it('X86-01 and T13', f)");
  it.each([
    ['a must without a test', list(row('X86-01', 'M'), row('X86-02', 'M')), [/X86-02: no test, and a must/]],
    ['a should without a reason', list(row('X86-01', 'M'), row('X86-02', 'S')), [/X86-02: .*no reason/]],
    ['a vector nobody tests', list(row('X86-01', 'M', { vectors: ['T13', 'T14'] })), [/X86-01: no test is named T14/]],
    ['a row that is nowhere', list(row('X86-02', 'M', { vectors: ['T13'] })), [/X86-01: named by a test/]],
    ['an excuse that is out of date', list(row('X86-01', 'C', { notModelled: 'why' })), [/has tests/]],
  ])('%s', (_what, checklist, expected) => {
    const found = violations(checklist, shown, none);
    expect(found).toHaveLength(expected.length);
    for (const [i, pattern] of expected.entries()) expect(found[i]).toMatch(pattern);
  });

  it('none: shown by its vector, excused, or pending', () => {
    const rows = [row('X86-01', 'M'), row('X86-02', 'S', { notModelled: 'why' }), row('X86-03', 'M')];
    expect(violations(list(...rows), shown, new Set(['X86-03']))).toEqual([]);
  });
});

it('names count in the packages of the list', () => {
  const own = { ...list(row('F-01', 'M')), packages: ['packages/p'] };
  const found = tests("it('F-01', f)");
  const others = [{ ...found[0], file: 'packages/pq/src/a.test.ts' }];
  expect([violations(own, testsFor(own, found), none), testsFor(own, others)]).toEqual([[], []]);
});

it('the page shows file and title, or the reason', () => {
  const text = page(
    list(row('X86-01', 'M'), row('X86-02', 'C', { notModelled: 'why' })),
    tests("it('X86-01 a | b', f)"),
  );
  expect(text).toContain('| X86-01 | M | a feature | `p/a.test.ts`: X86-01 a \\| b |');
  expect(text).toContain('| X86-02 | C | a feature | not modelled: why |');
});
