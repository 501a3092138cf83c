import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withSteps } from './__fixtures__/toy-backend.ts';
import type { Diagnostic } from './diagnostic.ts';
import { checkScenario, parseScenario } from './parse.ts';
import { defineScenario } from './schema.ts';

const GOOD = withSteps('  - take: {}');
const brief = (d: Diagnostic): string =>
  `${d.line}:${d.column} ${d.code} ${d.message}${d.hint === undefined ? '' : ` (${d.hint})`}`;
const faults = (text: string): string[] => parseScenario(text).diagnostics.map(brief);

describe('shape', () => {
  it('a good file has no diagnostics', () => {
    expect(faults(GOOD)).toEqual([]);
    expect(parseScenario(GOOD).scenario?.title).toBe('t');
  });

  const rows: [string, string, string[]][] = [
    ['nothing', '', ['1:1 VIRQ-S002 a scenario: expected object']],
    ['a list', '- 1', ['1:1 VIRQ-S002 a scenario: expected object']],
    ['a missing field', GOOD.replace('title: t\n', ''), ['1:1 VIRQ-S002 title is missing']],
    [
      'a mistyped field',
      GOOD.replace('title', 'titel'),
      ['1:1 VIRQ-S002 title is missing', "2:1 VIRQ-S002 'titel' is no field of a scenario (did you mean 'title'?)"],
    ],
    ['another version', GOOD.replace('virq: 1', 'virq: 2'), ['1:7 VIRQ-S002 virq: expected 1']],
    [
      'a version of the kernel as a number',
      `${GOOD}kernel: 6.12\n`,
      [`6:9 VIRQ-S002 kernel: expected one of "6.18"|"6.12"|"6.1" (versions are text: kernel: '6.12')`],
    ],
    [
      'a mistyped expectation',
      withSteps('  - { take: {}, expect: { retr: 0 } }'),
      ["5:27 VIRQ-S002 'retr' is no field of steps[0].expect (did you mean 'ret'?)"],
    ],
    [
      'a result that is a list',
      withSteps('  - { take: {}, expect: { ret: [1] } }'),
      ['5:27 VIRQ-S002 steps[0].expect.ret: expected a number or the name of an errno'],
    ],
    ['a step that is a number', withSteps('  - 5'), ['5:5 VIRQ-S002 steps[0]: expected object']],
    ['no steps', GOOD.replace('steps:\n  - take: {}', 'steps: []'), ['4:1 VIRQ-S002 steps: needs at least 1']],
    [
      'a single list of concurrent steps',
      withSteps('  - concurrent: [[{ take: {} }]]'),
      ['5:5 VIRQ-S002 steps[0].concurrent: needs at least 2'],
    ],
    [
      'a name with a dot',
      GOOD.replace('name: a', 'name: a.b'),
      ['3:15 VIRQ-S002 vms[0].name: a name has letters and digits and begins with a letter'],
    ],
  ];
  for (const [name, text, expected] of rows) it(name, () => expect(faults(text)).toEqual(expected));
});

describe('YAML', () => {
  const rows: [string, string, RegExp][] = [
    ['an open bracket', 'vms: [\n', /^2:1 VIRQ-S001/],
    ['a tab', 'virq: 1\n\ttitle: t\n', /^2:1 VIRQ-S001 Tabs/],
    ['a key twice', 'virq: 1\nvirq: 1\n', /^2:1 VIRQ-S001 Map keys must be unique/],
    ['two documents', 'virq: 1\n---\nvirq: 1\n', /^2:1 VIRQ-S001 a scenario file has one document/],
    ['an unknown alias', 'virq: *x\n', /VIRQ-S001/],
  ];
  for (const [name, text, message] of rows) it(name, () => expect(faults(text)[0]).toMatch(message));

  it('never throws, and points into the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        for (const d of parseScenario(text).diagnostics) {
          expect(d.line).toBeGreaterThanOrEqual(1);
          expect(d.column).toBeGreaterThanOrEqual(1);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('never throws for a good file with some characters replaced', () => {
    const edit = fc.record({
      at: fc.nat(GOOD.length - 1),
      by: fc.constantFrom('', '{', '[', ':', '-', '*', '&', '\n', '\t', '"', '|', '0'),
    });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        const text = edits.reduce((t, { at, by }) => t.slice(0, at) + by + t.slice(at + 1), GOOD);
        const { scenario, diagnostics } = parseScenario(text);
        expect(scenario === null).toBe(diagnostics.length > 0);
      }),
      { numRuns: 500 },
    );
  });
});

describe('scenarios in TypeScript', () => {
  const scenario = defineScenario({ virq: 1, title: 't', vms: [{ backend: 'toy' }], steps: [{ take: {} }] });

  it('are checked like files, without places', () => {
    expect(checkScenario(scenario).diagnostics).toEqual([]);
    expect(checkScenario({ ...scenario, title: 5 }).diagnostics.map(brief)).toEqual([
      '0:0 VIRQ-S002 title: expected string',
    ]);
  });
});
