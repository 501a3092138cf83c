// Binding a `concurrent` section: what it makes, and every static mistake with its place.

import { check } from '@virq/checker';
import { describe, expect, it } from 'vitest';
import { backends } from '../__fixtures__/toy-backend.ts';
import { families } from '../__fixtures__/toy-family.ts';
import { bindScenario } from '../bind.ts';
import { checkScenario, parseScenario } from '../parse.ts';
import { bindConcurrent, type Concurrent } from './bind-concurrent.ts';

const HEAD = 'virq: 1\ntitle: t\nvms: [{ name: a, backend: toy }]\nsteps:\n  - irq_line: { gsi: 1, level: 0 }\n';
const ROUTE = '  - set_gsi_routing: { entries: [{ gsi: 1, type: irqchip, chip: 0, pin: 3 }] }\n';
const section = (text: string): string => `${HEAD}${ROUTE}concurrent:\n${text}`;
const RAISER = '  processes:\n    - { name: dev, may: [irq_line: { gsi: 1, level: 1 }] }\n';
const withProperty = (p: string): string => section(`${RAISER}  properties:\n    - ${p}\n`);

const bind = (text: string, scope = {}) => bindConcurrent(parseScenario(text), { backends, families, scope });
const bound = (text: string, scope = {}): Concurrent => {
  const { concurrent, diagnostics } = bind(text, scope);
  expect(diagnostics).toEqual([]);
  return concurrent as Concurrent;
};
const faults = (text: string, scope = {}): string[] =>
  bind(text, scope).diagnostics.map((d) => `${d.line}:${d.column} ${d.code} ${d.message}`);
const plain = (c: Concurrent) => check(c.make, { engine: 'plain', all: true });

describe('what it makes', () => {
  it('a may process does each alternative up to its number of turns, or stops', () => {
    const c = bound(
      section(
        '  scope: { n: 2 }\n  processes:\n    - { name: dev, times: $n, may: [irq_line: { gsi: 1, level: 1 }, irq_line: { gsi: 1, level: 0 }] }\n',
      ),
    );
    const system = c.make({ record: false });
    expect([system.processes.labelOf(0), system.processes.choicesOf(0)]).toEqual(['irq_line | irq_line 2 | stop', 3]);
    expect(plain(c)).toMatchObject({ verdict: 'ok', depth: 2 });
    expect(
      plain(
        bound(section('  scope: { n: 2 }\n  processes:\n    - { name: dev, times: $n, may: [take: {}] }\n'), { n: 4 }),
      ).depth,
    ).toBe(3);
  });

  it('a does process goes in order and waits for its condition', () => {
    const guest = '    - { name: guest, does: [{ take: {}, when: a.chip.pending }, { eoi: { pin: 3 } }] }\n';
    const c = bound(
      section(
        `${RAISER}${guest}  properties:\n    - sometimes: taken\n      holds: a.chip.taken == 1\n    - never: taken twice\n      holds: a.chip.taken > 1\n`,
      ),
    );
    const result = plain(c);
    expect(result).toMatchObject({ verdict: 'ok', unreached: [] });
  });

  it('copies have numbers, and $self is theirs', () => {
    const c = bound(
      section(
        '  scope: { n: 2 }\n  processes:\n    - { name: cpu, copies: $n, does: [eoi: { pin: $self }] }\n  properties:\n    - { always: x, holds: a.chip.taken == 0 }\n',
      ),
    );
    const { processes } = c.make({ record: false });
    expect([processes.protocolOf(0).name, processes.protocolOf(1).name]).toEqual(['cpu 0', 'cpu 1']);
    expect(plain(c).verdict).toBe('ok');
  });

  it('every system is the same, and begins where the steps end', () => {
    const c = bound(withProperty('{ always: x, holds: a.chip.taken == 0 }'));
    const [one, two] = [c.make({ record: false }), c.make({ record: true })];
    expect(one.arena.bytes).toEqual(two.arena.bytes);
    expect(one.properties.map((p) => `${p.kind} ${p.name}`)).toContain('always the cookie is whole');
  });

  it('a violation is found, with the consequence', () => {
    const c = bound(
      section('  processes:\n    - { name: dev, may: [spoil: {}] }\n  expect: violation of "the cookie is whole"\n'),
    );
    expect(c.expect).toBe('the cookie is whole');
    expect(plain(c).violations.map((v) => v.property)).toEqual([c.expect]);
    expect(plain(bound(section('  processes:\n    - { name: dev, may: [spoil: {}] }\n  use: []\n'))).verdict).toBe(
      'ok',
    );
  });

  it('a value from TypeScript is bound as well', () => {
    const parsed = checkScenario({
      virq: 1,
      title: 't',
      vms: [{ name: 'a', backend: 'toy' }],
      concurrent: { processes: [{ name: 'dev', may: [{ take: {} }] }] },
    });
    expect(bindConcurrent(parsed, { backends }).diagnostics).toEqual([]);
  });

  it('a run of the same file makes the steps and leaves the section alone', () => {
    expect(
      bindScenario(parseScenario(withProperty('{ always: x, holds: a.chip.taken == 0 }')), backends).diagnostics,
    ).toEqual([]);
  });
});

const MODEL = 'virq: 1\ntitle: t\nconcurrent:\n  model: counter\n';

describe('models', () => {
  it('by name, in a size, with properties over its fields', () => {
    const c = bound(`${MODEL}  properties:\n    - { always: x, holds: total <= 3 }\n`, { counters: 3 });
    expect(plain(c).verdict).toBe('ok');
    expect(c.make({ record: false }).processes.capacity).toBe(3);
  });

  it('a variant is an edit', () => {
    const c = bound(`${MODEL}  variant: no-lock\n  expect: violation of everybody was counted\n`);
    expect(plain(c).violations.map((v) => v.property)).toEqual(['everybody was counted']);
  });

  const rows: [string, string, Record<string, number>, string][] = [
    ['an unknown model', MODEL.replace('counter', 'conter'), {}, "4:10 VIRQ-S016 no model 'conter'"],
    ['an unknown variant', `${MODEL}  variant: x\n`, {}, "5:12 VIRQ-S016 model counter has no variant 'x'"],
    [
      'a size out of range',
      `${MODEL}  scope: { counters: 9 }\n`,
      {},
      '5:3 VIRQ-S012 model counter: counters is 9, expected 1 to 3',
    ],
    ['a size nobody has', MODEL, { x: 1 }, "3:1 VIRQ-S012 model counter has no size 'x'"],
    [
      'a field nobody has',
      `${MODEL}  properties: [{ always: x, holds: totl == 1 }]\n`,
      {},
      "5:36 VIRQ-S007 the machine has no field 'totl'",
    ],
  ];
  for (const [what, text, scope, expected] of rows) it(what, () => expect(faults(text, scope)).toEqual([expected]));

  it('have no steps to run', () => {
    const { diagnostics } = bindScenario(parseScenario(MODEL), backends);
    expect(diagnostics.map((d) => d.message)).toEqual(['a model has no steps to run']);
  });
});

describe('mistakes', () => {
  const rows: [string, string, string[]][] = [
    ['no section', HEAD, ['1:1 VIRQ-S020 there is nothing to check']],
    ['an empty section', section('  use: all\n'), ['7:1 VIRQ-S020 there is nothing to check']],
    [
      'a model and processes',
      section(`${RAISER}  model: counter\n`),
      ['7:1 VIRQ-S020 there are a model and processes'],
    ],
    ['neither may nor does', section('  processes: [{ name: x }]\n'), ['8:15 VIRQ-S002 x does nothing']],
    [
      'may and does',
      section('  processes: [{ name: x, may: [take: {}], does: [take: {}] }]\n'),
      ['8:15 VIRQ-S002 x has may and does'],
    ],
    [
      'an unknown operation',
      section('  processes: [{ name: x, may: [fly: {}] }]\n'),
      ["8:32 VIRQ-S003 no operation 'fly' on toy"],
    ],
    [
      'a wrong argument',
      section('  processes: [{ name: x, may: [eoi: { pin: 9 }] }]\n'),
      ['8:44 VIRQ-S004 eoi: pin is 9, expected 0 to 7'],
    ],
    [
      'an operation that only shows',
      section('  processes: [{ name: x, may: [trace: {}] }]\n'),
      ['8:32 VIRQ-S018 trace changes what is shown, not the machine'],
    ],
    [
      'an expectation in a turn',
      section('  processes: [{ name: x, may: [{ take: {}, expect: { ret: 0 } }] }]\n'),
      ["8:44 VIRQ-S002 a turn has no 'expect'"],
    ],
    [
      'an unknown protocol',
      section('  processes: [{ name: x, does: [run: irqfd_injekt] }]\n'),
      ["8:38 VIRQ-S016 no protocol 'irqfd_injekt'"],
    ],
    [
      'an unknown local',
      section('  processes: [{ name: x, does: [{ run: irqfd_resampler_ack, with: { gis: 1 } }] }]\n'),
      ["8:69 VIRQ-S004 irqfd_resampler_ack has no local 'gis'"],
    ],
    [
      'an unknown size',
      section('  processes: [{ name: x, times: $n, may: [take: {}] }]\n'),
      ["8:33 VIRQ-S012 no size 'n'"],
    ],
    [
      'two processes of one name',
      section('  processes: [{ name: x, may: [take: {}] }, { name: x, may: [take: {}] }]\n'),
      ["8:53 VIRQ-S009 'x' is taken by a process or a protocol"],
    ],
    [
      'an unknown field',
      withProperty("{ always: x, holds: 'a.chip.pendin == [1]' }"),
      ["11:28 VIRQ-S007 a.chip has no field 'pendin'"],
    ],
    [
      'an unknown field in when',
      section('  processes: [{ name: x, does: [{ take: {}, when: a.chip.x }] }]\n'),
      ["8:51 VIRQ-S007 a.chip has no field 'x'"],
    ],
    [
      'a property over nothing',
      withProperty('{ always: x, holds: 1 == 1 }'),
      ['11:27 VIRQ-S014 the condition names no field of the state'],
    ],
    [
      'a value that cannot be',
      withProperty('{ always: x, holds: a.chip.taken == 256 }'),
      ['11:43 VIRQ-S014 a.chip.taken is at most 255 and never 256'],
    ],
    [
      'a range over nothing',
      withProperty('{ always: x, holds: "all vfio.devices[*].masked == 0" }'),
      ['11:32 VIRQ-S014 vfio.devices has no elements: the condition says nothing'],
    ],
    [
      'a property without a name',
      withProperty('{ holds: a.chip.taken == 0 }'),
      ['11:7 VIRQ-S002 the property has no name'],
    ],
    [
      'a property of two kinds',
      withProperty('{ always: x, never: y, holds: a.chip.taken == 0 }'),
      ['11:7 VIRQ-S002 the property has always and never'],
    ],
    [
      'leadsTo without follows',
      withProperty('{ leadsTo: x, holds: a.chip.taken == 0 }'),
      ['11:18 VIRQ-S002 leadsTo needs follows'],
    ],
    [
      'a name twice',
      withProperty('{ always: the cookie is whole, holds: a.chip.taken == 0 }'),
      ["11:7 VIRQ-S009 'the cookie is whole' is the name of another property"],
    ],
    [
      'use of nothing',
      section(`${RAISER}  use: [the cookie is hole]\n`),
      ["10:9 VIRQ-S008 no property 'the cookie is hole'"],
    ],
    ['a violation of nothing', section(`${RAISER}  expect: violation of x\n`), ["10:11 VIRQ-S008 no property 'x'"]],
    [
      'another expectation',
      section(`${RAISER}  expect: maybe\n`),
      ["10:11 VIRQ-S002 concurrent.expect: expected 'ok' or 'violation of <property>'"],
    ],
    [
      'a mistyped field',
      section(`${RAISER}  procesess: []\n`),
      ["10:3 VIRQ-S002 'procesess' is no field of concurrent"],
    ],
  ];
  for (const [what, text, expected] of rows) it(what, () => expect(faults(text)).toEqual(expected));

  it('a size given that is not declared', () => {
    expect(faults(section(`  scope: { n: 1 }\n${RAISER}`), { m: 1 })).toEqual(["8:3 VIRQ-S012 no size 'm'"]);
  });

  it('steps that do not do what they expect', () => {
    const text = section(RAISER).replace('level: 0 }', 'level: 0 }\n    expect: { ret: EINVAL }');
    expect(faults(text)).toEqual(['6:5 VIRQ-S019 returned 0, expected "EINVAL"']);
  });

  it('concurrent steps before a check', () => {
    const text = section(RAISER).replace(
      '  - irq_line: { gsi: 1, level: 0 }',
      '  - concurrent: [[{ take: {} }], [{ take: {} }]]',
    );
    expect(faults(text)).toEqual(['5:5 VIRQ-S002 the steps before a check run one by one']);
  });

  it('a witness that is never reached has a place', () => {
    const c = bound(withProperty('{ sometimes: it is taken, holds: a.chip.taken == 1 }'));
    const [d] = c.unreached(plain(c).unreached);
    expect(d).toMatchObject({ code: 'VIRQ-S017', line: 11, column: 20 });
  });
});
