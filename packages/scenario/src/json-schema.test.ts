import { CORE_OPERATIONS, DEVICE_OPERATIONS } from '@virq/irq-core/machine';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { toy, withSteps } from './__fixtures__/toy-backend.ts';
import { scenarioJsonSchema } from './json-schema.ts';

type Schema = { $defs: { step: { properties: Record<string, object>; additionalProperties: unknown } } };
const stepOf = (schema: unknown): Schema['$defs']['step'] => (schema as Schema).$defs.step;

const closed = scenarioJsonSchema([toy as never]);
const validator = z.fromJSONSchema(closed as never);
const fits = (text: string): boolean => validator.safeParse(parse(text)).success;

describe('JSON schema', () => {
  it('has every operation of the core with every argument', () => {
    const { properties, additionalProperties } = stepOf(scenarioJsonSchema());
    for (const [name, op] of Object.entries({ ...CORE_OPERATIONS, ...DEVICE_OPERATIONS }))
      expect(properties[name]).toMatchObject({
        properties: Object.fromEntries(Object.keys(op.args).map((arg) => [arg, expect.anything()])),
      });
    expect(additionalProperties).not.toBe(false);
  });

  it('with backends has theirs too, and refuses others', () => {
    expect(stepOf(closed).properties).toHaveProperty('eoi.required', ['pin']);
    expect(stepOf(closed).additionalProperties).toBe(false);
  });

  it('of one operation in two backends allows both', () => {
    const other = { ...toy, name: 'other' };
    expect(stepOf(scenarioJsonSchema([toy, other] as never)).properties['eoi']).toHaveProperty('anyOf.length', 2);
  });

  const rows: [string, boolean, string][] = [
    [
      'a good file',
      true,
      withSteps("  - irq_line: { gsi: '0x5', level: 1 }\n  - take:\n  - { eoi: { pin: 1 }, expect: { ret: 0 } }"),
    ],
    ['concurrent', true, withSteps('  - concurrent: [[{ take: {} }], [{ eoi: { pin: 1 } }]]')],
    ['an unknown operation', false, withSteps('  - fly: {}')],
    ['an unknown argument', false, withSteps('  - eoi: { pin: 1, pni: 1 }')],
    ['a missing argument', false, withSteps('  - eoi: {}')],
    ['out of range', false, withSteps('  - eoi: { pin: 8 }')],
    ['an unknown operation inside concurrent', false, withSteps('  - concurrent: [[{ fly: {} }], [{ take: {} }]]')],
    ['an unknown backend', false, withSteps('  - take: {}').replace('backend: toy', 'backend: toi')],
    ['a wrong option', false, withSteps('  - take: {}').replace('backend: toy', 'backend: toy, mode: x')],
  ];
  const turns = (text: string): string =>
    `${withSteps('  - take: {}')}concurrent:\n  processes: [{ name: p, times: $n, ${text} }]\n`;
  rows.push(
    ['a process', true, turns('may: [{ eoi: { pin: $self }, when: x.y }, { run: irqfd_inject, with: { gsi: 1 } }]')],
    ['an unknown operation of a process', false, turns('may: [{ fly: {} }]')],
    ['a model without machines', true, 'virq: 1\ntitle: t\nconcurrent: { model: m, scope: { n: 2 } }'],
  );
  for (const [name, expected, text] of rows)
    it(`${expected ? 'takes' : 'refuses'} ${name}`, () => expect(fits(text)).toBe(expected));
});
