// The command line as a user meets it: exit codes, messages with a remedy, and never a stack trace, whatever comes in.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { scenarioJsonSchema } from '@virq/scenario';
import { describe, expect, it } from 'vitest';
import { coreSource, folder, hasStack, ROOT, virq } from './__fixtures__/call.ts';
import { EXIT } from './io.ts';

const { file } = folder();

const LOST = 'examples/captures/lost-interrupt.txt';
const GOOD = 'virq: 1\ntitle: t\nvms: [{ backend: x86-avic }]\nsteps:\n  - sync: {}\n';
const scenario = (steps: string, extra = ''): string =>
  `virq: 1\ntitle: t\nvms: [{ backend: x86-avic }]\nsteps:\n${steps}${extra}`;

describe('wrong scenarios', () => {
  const rows: [string, string, RegExp][] = [
    ['broken YAML', 'virq: 1\nvms: [\n', /:\d+:\d+: VIRQ-S001/],
    ['not a mapping', '- 1\n', /VIRQ-S002/],
    ['empty', '', /VIRQ-S002/],
    ['a field too many', `${GOOD}colour: red\n`, /:6:1: VIRQ-S002 .*colour/],
    ['no steps', 'virq: 1\ntitle: t\nvms: [{ backend: x86-avic }]\nsteps: []\n', /VIRQ-S002 steps/],
    ['an unknown backend', GOOD.replace('x86-avic', 'x86-avik'), /:3:\d+: VIRQ-S005[\s\S]*did you mean 'x86-avic'/],
    [
      'an unknown operation',
      scenario('  - irq_lin: { gsi: 1, level: 1 }\n'),
      /:5:5: VIRQ-S003[\s\S]*did you mean 'irq_line'/,
    ],
    ['two operations in a step', scenario('  - { sync: {}, nmi: {} }\n'), /VIRQ-S002 a step has one operation/],
    [
      'a wrong type',
      scenario('  - irq_line: { gsi: five, level: 1 }\n'),
      /:5:\d+: VIRQ-S004 irq_line: gsi is "five", expected an integer/,
    ],
    ['a value out of range', scenario('  - irq_line: { gsi: 5, level: 2 }\n'), /level is 2, expected 0 to 1/],
    ['a missing argument', scenario('  - irq_line: { gsi: 5 }\n'), /level is missing/],
    ['an unknown argument', scenario('  - irq_line: { gsi: 5, level: 1, levle: 1 }\n'), /levle is no argument here/],
    [
      'a wrong VM option',
      GOOD.replace('x86-avic }', 'x86-avic, irqchip: both }'),
      /irqchip is "both", expected kernel, split, none/,
    ],
    [
      'a state path that is none',
      scenario('  - sync: {}\n', 'expect: { state: { vm0.chip.nothing: 1 } }\n'),
      /:6:20: VIRQ-S007 vm0\.chip has no field 'nothing'/,
    ],
    ['a property that is none', `${GOOD}expect: { violation: moon }\n`, /:6:22: VIRQ-S008 no property 'moon'/],
    ['a VM called like the host', GOOD.replace('[{', '[{ name: host,'), /:3:\d+: VIRQ-S009 'host'/],
    ['an unknown VM', scenario('  - { vm: other, sync: {} }\n'), /VIRQ-S006 no VM 'other'/],
    ['an unknown device', scenario('  - device_assert: { device: nic }\n'), /VIRQ-S006 no device 'nic'/],
    [
      'an alias bomb',
      `a: &a [x, x, x, x]\nb: &b [*a, *a, *a, *a]\nc: &c [*b, *b, *b, *b]\nd: &d [*c, *c, *c, *c]\ne: [*d, *d, *d, *d]\n`,
      /VIRQ-S00[12]/,
    ],
    ['binary garbage', Buffer.from([0, 1, 2, 0xff, 0xfe, 7]).toString('latin1'), /VIRQ-S00[12]/],
    ['a line of 10 MB', 'x'.repeat(10_000_000), /VIRQ-S00[12]/],
  ];
  for (const [name, text, message] of rows)
    it(name, async () => {
      const { code, err } = await virq(['run', file('bad.yaml', text)]);
      expect(err.slice(0, 2000)).toMatch(message);
      expect({ code, stack: hasStack(err) }).toEqual({ code: EXIT.USAGE, stack: false });
    });

  it('a GSI beyond the table is an errno, not a fault of the file', async () => {
    const steps = '  - set_gsi_routing: { entries: [{ gsi: 4096, type: msi }] }\n    expect: { ret: EINVAL }\n';
    expect((await virq(['run', file('gsi.yaml', scenario(steps))])).code).toBe(EXIT.OK);
  });

  it('an expectation that is not met says what was and what should have been', async () => {
    const path = file('expect.yaml', scenario('  - ack: {}\n    expect: { out: { vector: 5 }, events: [kvm_eoi] }\n'));
    const { code, out } = await virq(['run', path]);
    expect(code).toBe(EXIT.FINDING);
    expect(out).toMatch(/out\.vector is null, expected 5/);
    expect(out).toMatch(/event 'kvm_eoi' is missing/);
  });

  it('a violation that does not happen is a failure', async () => {
    const path = file('holds.yaml', `${GOOD}expect: { violation: nothing is left half done }\n`);
    expect((await virq(['run', path])).out).toMatch(/was to be violated, but it holds/);
  });
});

describe('wrong calls', () => {
  const rows: [string, string[], RegExp, number][] = [
    ['an unknown verb', ['rum'], /unknown command 'rum'/, EXIT.USAGE],
    ['an unknown option', ['run', '--colour', 'x'], /unknown option/, EXIT.USAGE],
    ['a missing file', ['run', 'nowhere.yaml'], /nowhere\.yaml does not exist \(VIRQ-C002\)/, EXIT.USAGE],
    ['a directory', ['trace', 'examples'], /is a directory/, EXIT.USAGE],
    ['a missing capture', ['trace', 'nowhere.txt'], /does not exist/, EXIT.USAGE],
    ['a seed that is none', ['run', 'examples/msi-irqfd.yaml', '--seed', 'x'], /--seed takes/, EXIT.USAGE],
    [
      'a schedule that is none',
      ['run', 'examples/msi-irqfd.yaml', '--schedule', 'fast'],
      /--schedule takes/,
      EXIT.USAGE,
    ],
    ['a broken schedule string', ['run', 'examples/routing-race.yaml', '--schedule', 's1.x'], /VIRQ-P001/, EXIT.USAGE],
    ['a kernel that is none', ['exec', '--backend', 'x86-avic', '--kernel', '2.6'], /--kernel takes 6\.18/, EXIT.USAGE],
    ['exec without backend', ['exec'], /required option '--backend/, EXIT.USAGE],
    ['an unknown code', ['explain', 'VIRQ-Z999'], /no code 'VIRQ-Z999'/, EXIT.USAGE],
    ['a mistyped code', ['explain', 'VIRQ-S02'], /did you mean 'VIRQ-S002'/, EXIT.USAGE],
    ['a kind that is none', ['trace', LOST, '--only', 'lots'], /'lots' is none[\s\S]*did you mean 'lost'/, EXIT.USAGE],
    ['a GSI that is none', ['trace', LOST, '--gsi', '1.5'], /--gsi takes an integer/, EXIT.USAGE],
    ['a time that is none', ['trace', LOST, '--since', 'noon'], /--since takes a number/, EXIT.USAGE],
    ['a span that ends early', ['trace', LOST, '--since', '5', '--until', '4'], /--until 4 lies before/, EXIT.USAGE],
    ['a kernel to replay that is none', ['trace', LOST, '--replay', '--kernel', '5'], /--kernel takes/, EXIT.USAGE],
    ['an empty seed', ['run', 'examples/msi-irqfd.yaml', '--seed', ''], /--seed takes/, EXIT.USAGE],
    ['an unknown schema', ['schema', 'moon'], /there is: scenario/, EXIT.USAGE],
    ['an unknown shell', ['completion', 'tcsh'], /there are: bash/, EXIT.USAGE],
    ['a backend that is not there', ['backends', '--backend', './nowhere.mjs'], /was not found/, EXIT.USAGE],
  ];
  for (const [name, args, message, expected] of rows)
    it(name, async () => {
      const { code, err } = await virq(args);
      expect(err).toMatch(message);
      expect(code).toBe(expected);
    });

  it('no verb prints the help', async () => {
    expect(await virq([])).toMatchObject({ code: EXIT.USAGE, out: expect.stringContaining('virq trace') });
    expect((await virq(['--help'])).code).toBe(EXIT.OK);
  });
});

describe('broken backends', () => {
  const rows: [string, string, RegExp][] = [
    ['no default export', 'export const x = 1;', /is no backend[\s\S]*defineBackend/],
    ['not made by defineBackend', 'export default { name: "x", specVersion: 1 };', /is no backend/],
    ['throws on load', 'throw new Error("boom");', /cannot be loaded: boom/],
    ['does not parse', 'export default {', /cannot be loaded/],
    [
      'wrong specVersion',
      `import { defineBackend } from ${coreSource('backend.ts')};\nexport default defineBackend({ specVersion: 9, name: 'x' });`,
      /specVersion 9, this virq takes 1|cannot be loaded: x has specVersion 9/,
    ],
  ];
  for (const [name, text, message] of rows)
    it(name, async () => {
      const { code, err } = await virq(['backends', '--backend', file(`${name.replaceAll(' ', '-')}.mjs`, text)]);
      expect(err).toMatch(message);
      expect({ code, stack: hasStack(err) }).toEqual({ code: EXIT.USAGE, stack: false });
    });
});

describe('captures', () => {
  it('the lost interrupt is found, replayed and explained', async () => {
    const { code, out } = await virq(['trace', LOST, '--replay']);
    expect(code).toBe(EXIT.FINDING);
    expect(out).toMatch(/lost GSI 5 \[VIRQ-T001\]/);
    expect(out).toMatch(/the model agrees with the kernel on all 2 recorded events/);
    expect((await virq(['explain', 'virq-t001'])).out).toMatch(/KVM_IRQFD_FLAG_RESAMPLE/);
  });

  it('the same with resamplefd is fine', async () => {
    expect((await virq(['trace', 'examples/captures/resamplefd.txt', '--replay'])).code).toBe(EXIT.OK);
  });

  it('JSON records name their schema', async () => {
    const records = (await virq(['trace', LOST, '--replay', '--json'])).out
      .trim()
      .split('\n')
      .map((l) => JSON.parse(l));
    expect(records.map((r) => r.schema)).toEqual(['virq/trace-report@1', 'virq/replay@1']);
  });

  const rows: [string, Buffer | string, number[]][] = [
    ['nothing', '', [EXIT.OK, EXIT.INCOMPLETE]],
    [
      'binary garbage',
      Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) & 255)),
      [EXIT.OK, EXIT.INCOMPLETE],
    ],
    ['a line of 10 MB', 'kvm '.repeat(2_500_000), [EXIT.OK, EXIT.INCOMPLETE]],
    ['a cut line', ' kworker/1:1-vir 16826 [001]  4318.895899:     kvm:kvm_set_irq: gsi 5 lev', [EXIT.INCOMPLETE]],
    ['broken gzip', Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3, 4]), [EXIT.USAGE, EXIT.INCOMPLETE]],
  ];
  for (const [name, content, codes] of rows)
    for (const verb of [['trace'], ['trace', '--replay']])
      it(`${name}: ${verb.join(' ')}`, async () => {
        const { code, err } = await virq([...verb, file('capture', content)]);
        expect(codes).toContain(code);
        expect(hasStack(err)).toBe(false);
      });

  const lines = (n: number): string =>
    Array.from(
      { length: n },
      (_, i) => ` qemu 1 [001]  43${i % 10}.895899:     kvm:kvm_set_irq: gsi 5 level 1 source 0\n`,
    ).join('');

  for (const verb of [['trace'], ['trace', '--replay']])
    it(`gzip is unpacked from a file and from standard input: ${verb.join(' ')}`, async () => {
      const packed = gzipSync(lines(3));
      const read = async (path: string, input: Buffer | string) =>
        (await virq([...verb, path], { input })).out.replace(/\nReplay it .*\n/, '');
      const plain = await read(file('plain', lines(3)), '');
      expect(plain).toMatch(/GSI 5/);
      expect(await read(file('packed.gz', packed), '')).toBe(plain);
      expect(await read('-', packed)).toBe(plain);
    });

  it('a gzip that ends early is read as far as it goes', async () => {
    const text = Array.from(
      { length: 4000 },
      (_, i) => ` q 1 [001]  4${i}.8: kvm:kvm_set_irq: gsi 5 level ${(i * 7919) & 1} source 0\n`,
    );
    const cut = gzipSync(text.join('')).subarray(0, 6000);
    const { code, out, err } = await virq(['trace', file('cut.gz', cut)]);
    expect(out).toMatch(/GSI 5/);
    expect(err).toMatch(/ends early/);
    expect([EXIT.INCOMPLETE, EXIT.FINDING]).toContain(code);
  });

  it('standard input works, for a replay too', async () => {
    const text = ' kworker/1:1-vir 16826 [001]  4318.895899:     kvm:kvm_set_irq: gsi 5 level 1 source 0\n';
    expect((await virq(['trace', '-'], { input: text })).out).toMatch(/GSI 5/);
    expect((await virq(['trace', '-', '--replay'], { input: text })).out).toMatch(/Replay/);
  });
});

describe('exec', () => {
  const exec = async (lines: string[]): Promise<Record<string, unknown>[]> => {
    const { code, out } = await virq(['exec', '--backend', 'x86-avic'], { input: `${lines.join('\n')}\n` });
    expect(code).toBe(EXIT.OK);
    return out
      .trim()
      .split('\n')
      .map((l) => JSON.parse(l));
  };

  it('answers every line, wrong ones with an error, and goes on', async () => {
    const results = await exec([
      '{"op":"ack"}',
      '{"op":"vm","observe":["efd"]}',
      'nonsense',
      '[]',
      '{"op":7}',
      '{"op":"fly"}',
      '{"op":"irq_line","gsi":"x","level":1}',
      '{"op":"eventfd","name":"e","initial":"0x3"}',
    ]);
    expect(results.map((r) => (r['error'] as { code: string } | undefined)?.code ?? r['ret'])).toEqual([
      'VIRQ-X002',
      0,
      'VIRQ-X001',
      'VIRQ-X001',
      'VIRQ-X001',
      'VIRQ-X002',
      'VIRQ-X003',
      0,
    ]);
    expect(results.map((r) => r['i'])).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(results.at(-1)?.['state']).toEqual({ efd: { e: 3 } });
  });

  it('takes an .ops.json file', async () => {
    const path = file('ops.json', '[{"op":"vm"},{"op":"ack","note":"n"}]');
    expect((await virq(['exec', '--backend', 'x86-avic', '--file', path])).out.trim().split('\n')).toHaveLength(2);
    expect((await virq(['exec', '--backend', 'x86-avic', '--file', file('no.json', '{')])).code).toBe(EXIT.USAGE);
  });

  it('names that every JavaScript object has are no operations and no state', async () => {
    const results = await exec([
      '{"op":"vm","observe":["constructor","toString"]}',
      '{"op":"constructor"}',
      '{"op":"__proto__"}',
      '{"op":"toString"}',
      '{"op":"vm","observe":["efd"],"__proto__":{"vcpus":3}}',
    ]);
    expect(results[0]?.['state']).toEqual({ constructor: null, toString: null });
    expect(results.slice(1).map((r) => (r['error'] as { code: string } | undefined)?.code)).toEqual([
      'VIRQ-X002',
      'VIRQ-X002',
      'VIRQ-X002',
      'VIRQ-X003',
    ]);
  });

  it('a line of 10 MB, an empty line and a cut line get an answer each, or none', async () => {
    const results = await exec([
      '{"op":"vm","observe":[]}',
      `"${'x'.repeat(10_000_000)}`,
      '',
      '{"op":"sync"',
      '{"op":"sync"}',
    ]);
    expect(results.map((r) => (r['error'] as { code: string } | undefined)?.code ?? r['ret'])).toEqual([
      0,
      'VIRQ-X001',
      'VIRQ-X001',
      0,
    ]);
    expect(JSON.stringify(results[1]).length).toBeLessThan(500);
  });

  it('eventfds run out with an errno', async () => {
    const results = await exec([
      '{"op":"vm","observe":[]}',
      ...Array.from({ length: 1100 }, (_, i) => `{"op":"eventfd","name":"e${i}"}`),
    ]);
    expect(results.filter((r) => r['ret'] === 0)).toHaveLength(1024);
    expect(results.at(-1)).toMatchObject({ ret: -1, errno: 'ENOMEM' });
  });
});

describe('about', () => {
  it('lists backends and operations', async () => {
    expect((await virq(['backends', '--operations'])).out).toMatch(/ioapic_redir pin value/);
    expect((await virq(['backends', '--json'])).out.split('\n')[0]).toBe('{"schema":"virq/backends@1"}');
  });

  it('the committed JSON schema is current', async () => {
    const { default: committed } = await import('../../../packages/scenario/schema/scenario.schema.json', {
      with: { type: 'json' },
    });
    expect(committed).toEqual(JSON.parse(JSON.stringify(scenarioJsonSchema())));
  });

  it('prints the JSON schema with the operations of all backends', async () => {
    const { $defs } = JSON.parse((await virq(['schema'])).out) as { $defs: { step: { properties: object } } };
    expect(Object.keys($defs.step.properties)).toEqual(
      expect.arrayContaining(['irq_line', 'ioapic_redir', 'device_msi']),
    );
  });

  it('prints completion scripts', async () => {
    for (const shell of ['bash', 'zsh', 'fish']) expect((await virq(['completion', shell])).out).toMatch(/virq/);
  });

  it('answers what the completion scripts ask', async () => {
    const ask = async (...words: string[]) => (await virq(['complete', '--', ...words])).out;
    expect(await ask('tr')).toMatch(/^trace\t/);
    expect(await ask('run', '--se')).toMatch(/^--seed\t/);
    expect(await ask('')).not.toMatch(/^complete\t/m);
  });

  it('--json and --inspect of a run', async () => {
    const { out } = await virq(['run', 'examples/intx-resample.yaml', '--json']);
    expect(out.split('\n')[0]).toMatch(/^\{"schema":"virq\/run@1"/);
    expect((await virq(['run', 'examples/intx-resample.yaml', '--inspect'])).out).toMatch(/pin 10 {2}---L {2}vec 51/);
  });

  it('inspect shows only the controllers', async () => {
    const { code, out } = await virq(['inspect', 'examples/intx-resample.yaml']);
    expect(code).toBe(EXIT.OK);
    expect(out).toMatch(/^guest: LAPIC\n/);
    const modes = await Promise.all(
      [[], ['--mode', 'native']].map((more) => virq(['inspect', 'examples/pseries-nvme.yaml', ...more])),
    );
    expect(modes.map((m) => (m.out.match(/ · (?:native|xics)$/gm) ?? []).length)).toEqual([2, 1]);
    expect((await virq(['inspect', 'examples/intx-resample.yaml', '--json'])).out).toMatch(
      /^\{"schema":"virq\/inspect@1"/,
    );
  });

  it('colours on a terminal only, and not against NO_COLOR', async () => {
    const colored = async (tty: boolean, env: Record<string, string>): Promise<boolean> =>
      (await virq(['run', 'examples/msi-irqfd.yaml'], { tty, env })).out.includes('\u001b[');
    expect([await colored(true, {}), await colored(false, {}), await colored(true, { NO_COLOR: '1' })]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('--step waits on a terminal, where q stops, and prints every step on a pipe', async () => {
    const steps = (out: string): number => out.match(/^ {2}\d {2}guest /gm)?.length ?? 0;
    const args = ['run', 'examples/msi-irqfd.yaml', '--step'];
    const env = { NO_COLOR: '1' };
    const whole = await virq(args);
    expect(steps(whole.out)).toBe(7);
    const stopped = await virq(args, { tty: true, env, input: '\nq\n' });
    expect(steps(stopped.out)).toBe(2);
    expect(stopped.out).not.toMatch(/as expected/);
    const ended = await virq(args, { tty: true, env, input: '' });
    expect(ended.code).toBe(EXIT.OK);
  });
});

describe.runIf(existsSync(join(ROOT, 'apps/cli/dist/main.js')))(
  'the built executable (only after a build; CI runs it again from the tarball)',
  () => {
    it('ends quietly when its reader goes away', () => {
      const { status, stderr } = spawnSync(
        'bash',
        ['-c', 'set -o pipefail; node apps/cli/dist/main.js backends --operations | head -1'],
        { cwd: ROOT, encoding: 'utf8' },
      );
      expect([status, stderr]).toEqual([0, '']);
    });

    it('ends with 130 when it is interrupted', async () => {
      const child = spawn('node', ['apps/cli/dist/main.js', 'exec', '--backend', 'x86-avic'], { cwd: ROOT });
      child.stdin.write('{"op":"vm","observe":[]}\n');
      await new Promise((resolve) => child.stdout.once('data', resolve));
      child.kill('SIGINT');
      expect(await new Promise((resolve) => child.once('close', resolve))).toBe(EXIT.INTERRUPTED);
    });
  },
);
