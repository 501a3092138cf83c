import { describe, expect, it } from 'vitest';
import { backends, withSteps } from './__fixtures__/toy-backend.ts';
import { bindScenario } from './bind.ts';
import { parseScenario } from './parse.ts';

const faults = (text: string): string[] =>
  bindScenario(parseScenario(text), backends).diagnostics.map(
    (d) => `${d.line}:${d.column} ${d.code} ${d.message}${d.hint === undefined ? '' : ` (${d.hint})`}`,
  );
const step = (text: string): string[] => faults(withSteps(`  - ${text}`));

describe('steps', () => {
  const rows: [string, string, string[]][] = [
    ['an operation without arguments', 'take:', []],
    ['hex text for a number', "irq_line: { gsi: '0x5', level: 1 }", []],
    ['an unknown operation', 'tkae: {}', ["5:5 VIRQ-S003 no operation 'tkae' on toy (did you mean 'take'?)"]],
    [
      'an operation like nothing',
      'fly: {}',
      ["5:5 VIRQ-S003 no operation 'fly' on toy (virq backends --operations lists them all)"],
    ],
    [
      'a name that every object has',
      'constructor: {}',
      ["5:5 VIRQ-S003 no operation 'constructor' on toy (virq backends --operations lists them all)"],
    ],
    [
      'no operation',
      '{ note: nothing }',
      ['5:5 VIRQ-S002 a step needs one operation (such as `- irq_line: { gsi: 5, level: 1 }`)'],
    ],
    [
      'a mistyped field beside the operation',
      '{ take: {}, expcet: { ret: 0 } }',
      ["5:17 VIRQ-S002 a step has one operation, this has take and expcet (did you mean 'expect'?)"],
    ],
    [
      'two operations',
      '{ take: {}, eoi: { pin: 1 } }',
      ['5:17 VIRQ-S002 a step has one operation, this has take and eoi (make each of them a step of its own)'],
    ],
    [
      'a wrong type',
      'irq_line: { gsi: five, level: 1 }',
      ['5:22 VIRQ-S004 irq_line: gsi is "five", expected an integer'],
    ],
    ['out of range', 'eoi: { pin: 8 }', ['5:17 VIRQ-S004 eoi: pin is 8, expected 0 to 7']],
    ['a missing argument', 'eoi: {}', ['5:5 VIRQ-S004 eoi: pin is missing: pin']],
    ['no object', 'eoi: 5', ['5:10 VIRQ-S004 eoi: is 5, expected an object']],
    [
      'deep inside a list',
      'set_gsi_routing: { entries: [{ gsi: 1, type: msi }, { gsi: 2, type: irqchip, pin: x }] }',
      ['5:87 VIRQ-S004 set_gsi_routing: entries[1].pin is "x", expected an integer'],
    ],
    ['an unknown VM', '{ vm: b, take: {} }', ["5:11 VIRQ-S006 no VM 'b' (there are: a)"]],
    ['an unknown device', 'device_open: { device: nic }', ["5:28 VIRQ-S006 no device 'nic' (there are none)"]],
    [
      'an operation beside concurrent',
      '{ take: {}, concurrent: [[{ take: {} }], [{ take: {} }]] }',
      ["5:7 VIRQ-S002 a concurrent step has no 'take' (put it into one of the lists)"],
    ],
    [
      'an expectation inside concurrent',
      'concurrent: [[{ take: {}, expect: { ret: 0 } }], [{ take: {} }]]',
      ["5:31 VIRQ-S002 a step inside concurrent has no 'expect' (move it outside)"],
    ],
    [
      'an unknown errno',
      '{ take: {}, expect: { ret: EINVALID } }',
      ["5:32 VIRQ-S010 no errno 'EINVALID' (did you mean 'EINVAL'?)"],
    ],
  ];
  for (const [name, text, expected] of rows) it(name, () => expect(step(text)).toEqual(expected));
});

describe('the host', () => {
  const host = (vms: string, more = ''): string[] =>
    faults(`virq: 1\ntitle: t\nvms: [${vms}]\n${more}steps: [{ sync_clock: {} }]\n`).filter(
      (f) => !f.includes('sync_clock'),
    );
  const rows: [string, string, string, string[]][] = [
    ['an unknown backend', '{ backend: toi }', '', ["3:18 VIRQ-S005 no backend 'toi' (did you mean 'toy'?)"]],
    ['a wrong option', '{ backend: toy, mode: slwo }', '', ['3:29 VIRQ-S004 mode is "slwo", expected fast, slow']],
    [
      'an option that is none',
      '{ backend: toy, speed: 1 }',
      '',
      ['3:30 VIRQ-S004 speed is no argument here; it takes mode'],
    ],
    [
      'a name twice',
      '{ name: a, backend: toy }, { name: a, backend: toy }',
      '',
      ["3:42 VIRQ-S009 'a' is taken by vms[0]"],
    ],
    [
      'the default name of another',
      '{ name: vm1, backend: toy }, { backend: toy }',
      '',
      ["3:36 VIRQ-S009 'vm1' is taken by vms[0]"],
    ],
    [
      'a part of the host',
      '{ name: vfio, backend: toy }',
      '',
      ["3:15 VIRQ-S009 'vfio' is a part of the host and no free name"],
    ],
    [
      'a device twice',
      '{ backend: toy }',
      'devices: [{ name: d }, { name: d }]\n',
      ["4:32 VIRQ-S009 'd' is taken by devices[0]"],
    ],
  ];
  for (const [name, vms, more, expected] of rows) it(name, () => expect(host(vms, more)).toEqual(expected));
});

describe('expectations at the end', () => {
  const end = (more: string): string[] => faults(withSteps('  - take: {}', `expect: ${more}\n`));
  const rows: [string, string, RegExp | null][] = [
    ['a state path', '{ state: { a.chip.taken: 0 } }', null],
    [
      'a path that is none',
      '{ state: { a.chip.takn: 0 } }',
      /^6:20 VIRQ-S007 a\.chip has no field 'takn' \(did you mean 'taken'\?\)$/,
    ],
    ['a path of every object', '{ state: { toString: 0 } }', /^6:20 VIRQ-S007 the machine has no field 'toString'/],
    ['a property', '{ violation: the cookie is whole }', null],
    [
      'a property that is none',
      '{ violation: moon }',
      /^6:22 VIRQ-S008 no property 'moon' \(there are: .*the cookie is whole\)$/,
    ],
    ['counts of events', '{ events: { kvm_set_irq: 0 } }', null],
  ];
  for (const [name, more, expected] of rows)
    it(name, () => {
      if (expected === null) expect(end(more)).toEqual([]);
      else expect(end(more)).toEqual([expect.stringMatching(expected)]);
    });
});
