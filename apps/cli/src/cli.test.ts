// The command line as a user meets it: exit codes, messages with a remedy, and never a stack trace, whatever comes in.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { scenarioJsonSchema } from '@virq/scenario';
import { afterAll, describe, expect, it } from 'vitest';
import { main } from './cli.ts';
import { CODES } from './codes.ts';
import { EXIT } from './io.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'virq-cli-'));
afterAll(() => rmSync(work, { recursive: true }));

const collect = (stream: PassThrough): (() => string) => {
  const parts: Buffer[] = [];
  stream.on('data', (part: Buffer) => parts.push(part));
  return () => Buffer.concat(parts).toString();
};

async function virq(args: readonly string[], input: string | Buffer = '') {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const [out, err] = [collect(stdout), collect(stderr)];
  const io = { stdin: Readable.from([Buffer.from(input)]), stdout, stderr, env: {}, cwd: ROOT };
  const code = await main(args, io, { version: '0.0.0' });
  return { code, out: out(), err: err() };
}

function file(name: string, content: string | Buffer): string {
  const path = join(work, name);
  writeFileSync(path, content);
  return path;
}

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
      expect({ code, stack: /\n\s+at /.test(err) }).toEqual({ code: EXIT.USAGE, stack: false });
    });

  it('a GSI beyond the table is an errno, not a fault of the file', async () => {
    const steps = '  - set_gsi_routing: { entries: [{ gsi: 4096, type: msi }] }\n    expect: { ret: EINVAL }\n';
    expect((await virq(['run', file('gsi.yaml', scenario(steps))])).code).toBe(EXIT.OK);
  });

  it('an expectation that is not met says what was and what should have been', async () => {
    const path = file(
      'expect.yaml',
      scenario('  - ack: {}\n    expect: { out: { vector: 5 }, events: [kvm_eoi], state: { vm0.chip.nothing: 1 } }\n'),
    );
    const { code, out } = await virq(['run', path]);
    expect(code).toBe(EXIT.FINDING);
    expect(out).toMatch(/out\.vector is null, expected 5/);
    expect(out).toMatch(/event 'kvm_eoi' is missing/);
    expect(out).toMatch(/vm0\.chip\.nothing is no field/);
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
  const core = (path: string): string =>
    JSON.stringify(fileURLToPath(new URL(`../../../packages/irq-core/src/${path}`, import.meta.url)));
  const rows: [string, string, RegExp][] = [
    ['no default export', 'export const x = 1;', /is no backend[\s\S]*defineBackend/],
    ['not made by defineBackend', 'export default { name: "x", specVersion: 1 };', /is no backend/],
    ['throws on load', 'throw new Error("boom");', /cannot be loaded: boom/],
    ['does not parse', 'export default {', /cannot be loaded/],
    [
      'wrong specVersion',
      `import { defineBackend } from ${core('backend.ts')};\nexport default defineBackend({ specVersion: 9, name: 'x' });`,
      /specVersion 9, this virq takes 1|cannot be loaded: x has specVersion 9/,
    ],
  ];
  for (const [name, text, message] of rows)
    it(name, async () => {
      const { code, err } = await virq(['backends', '--backend', file(`${name.replaceAll(' ', '-')}.mjs`, text)]);
      expect(err).toMatch(message);
      expect({ code, stack: /\n\s+at /.test(err) }).toEqual({ code: EXIT.USAGE, stack: false });
    });
});

describe('captures', () => {
  const LOST = 'examples/captures/lost-interrupt.txt';

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
    ['broken gzip', Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3, 4]), [EXIT.USAGE]],
  ];
  for (const [name, content, codes] of rows)
    for (const verb of [['trace'], ['trace', '--replay']])
      it(`${name}: ${verb.join(' ')}`, async () => {
        const { code, err } = await virq([...verb, file('capture', content)]);
        expect(codes).toContain(code);
        expect(err).not.toMatch(/\n\s+at /);
      });

  it('standard input works, for a replay too', async () => {
    const text = ' kworker/1:1-vir 16826 [001]  4318.895899:     kvm:kvm_set_irq: gsi 5 level 1 source 0\n';
    expect((await virq(['trace', '-'], text)).out).toMatch(/GSI 5/);
    expect((await virq(['trace', '-', '--replay'], text)).out).toMatch(/Replay/);
  });
});

describe('exec', () => {
  const exec = async (lines: string[]): Promise<Record<string, unknown>[]> => {
    const { code, out } = await virq(['exec', '--backend', 'x86-avic'], `${lines.join('\n')}\n`);
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

  it('every code has title, explanation and remedy', () => {
    for (const [code, e] of Object.entries(CODES))
      expect([code, e.title !== '' && e.explanation !== '' && e.remedy !== '']).toEqual([code, true]);
  });

  it('prints completion scripts', async () => {
    for (const shell of ['bash', 'zsh', 'fish']) expect((await virq(['completion', shell])).out).toMatch(/virq/);
  });

  it('--json and --inspect of a run', async () => {
    const { out } = await virq(['run', 'examples/intx-resample.yaml', '--json']);
    expect(out.split('\n')[0]).toMatch(/^\{"schema":"virq\/run@1"/);
    expect((await virq(['run', 'examples/intx-resample.yaml', '--inspect'])).out).toMatch(/pin 10 {2}---L {2}vec 51/);
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
  },
);
