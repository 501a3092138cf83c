// Backends from outside the workspace: by path, by package name, by configuration; and what happens when one misbehaves.

import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { coreSource, hasStack, ROOT, virq } from './__fixtures__/call.ts';
import { EXIT } from './io.ts';

/** A user's project with the fixture as its own package; each has fresh modules, because imports are cached by path. */
function project(files: Readonly<Record<string, string>> = {}): string {
  const dir = mkdtempSync(join(tmpdir(), 'virq-plugin-'));
  afterAll(() => rmSync(dir, { recursive: true }));
  cpSync(join(ROOT, 'fixtures/plugin-backend'), join(dir, 'plugin'), { recursive: true });
  mkdirSync(join(dir, 'node_modules/@virq'), { recursive: true });
  symlinkSync(join(ROOT, 'packages/irq-core'), join(dir, 'node_modules/@virq/irq-core'));
  symlinkSync(join(dir, 'plugin'), join(dir, 'node_modules/virq-backend-toy-pins'));
  writeFileSync(join(dir, 'package.json'), '{ "type": "module" }');
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  return dir;
}

const RUN = ['run', 'plugin/scenario.yaml'];

describe('a backend from outside', () => {
  it('is not known by itself', async () => {
    const { code, err } = await virq(RUN, { cwd: project() });
    expect(code).toBe(EXIT.USAGE);
    expect(err).toMatch(/VIRQ-S005 no backend 'toy-pins'/);
  });

  const rows: [string, readonly string[], Readonly<Record<string, string>>][] = [
    ['by path', ['--backend', './plugin/index.mjs'], {}],
    ['by package name', ['--backend', 'virq-backend-toy-pins'], {}],
    [
      'imported by the configuration',
      [],
      { 'virq.config.mjs': "import toy from './plugin/index.mjs';\nexport default { backends: [toy] };" },
    ],
    ['named by the configuration', [], { 'virq.config.js': "export default { backends: ['./plugin/index.mjs'] };" }],
  ];
  for (const [name, args, files] of rows)
    it(`runs a scenario: ${name}`, async () => {
      const { code, out, err } = await virq([...RUN, ...args], { cwd: project(files) });
      expect({ code, err }).toEqual({ code: EXIT.OK, err: '' });
      expect(out).toMatch(/toy_set_pin: pin 3/);
    });

  it('serves exec, and appears in backends and schema', async () => {
    const cwd = project({ 'virq.config.mjs': "export default { backends: ['./plugin/index.mjs'] };" });
    const input = '{"op":"vm"}\n{"op":"trigger","pin":9,"level":1}\n{"op":"trigger","pin":2,"level":1}\n';
    const { code, out } = await virq(['exec', '--backend', 'toy-pins'], { cwd, input });
    expect(code).toBe(EXIT.OK);
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).error?.code ?? 'ok'),
    ).toEqual(['ok', 'VIRQ-X003', 'ok']);
    expect((await virq(['backends'], { cwd })).out).toMatch(/^toy-pins +toy/m);
    expect((await virq(['schema'], { cwd })).out).toMatch(/makes a pin level- or edge-triggered/);
  });
});

describe('a wrong configuration', () => {
  const rows: [string, string, RegExp][] = [
    ['throws', 'throw new Error("boom");', /virq\.config\.mjs cannot be loaded: boom \(VIRQ-C004\)/],
    ['exports nothing', 'export const x = 1;', /has no default export/],
    ['has another setting', 'export default { backend: [] };', /'backend' is no setting/],
    ['has no list', 'export default { backends: "x" };', /'backends' is no list/],
    [
      'lists something else',
      'export default { backends: [{}] };',
      /backends\[0\] is no backend \(VIRQ-B001\)[\s\S]*defineBackend/,
    ],
    [
      'names what is not there',
      "export default { backends: ['./nowhere.mjs'] };",
      /'\.\/nowhere\.mjs' was not found \(VIRQ-B004\)/,
    ],
  ];
  for (const [name, text, message] of rows)
    it(name, async () => {
      const { code, err } = await virq(['backends'], { cwd: project({ 'virq.config.mjs': text }) });
      expect(err).toMatch(message);
      expect({ code, stack: hasStack(err) }).toEqual({ code: EXIT.USAGE, stack: false });
    });
});

describe('a scenario in a module', () => {
  const scenario = (title: string, more: string): string =>
    `export default { virq: 1, title: ${title}, vms: [{ name: 'guest', backend: 'x86-avic' }], steps: [{ irq_line: { gsi: 5, level: 1 } }]${more} };`;
  const rows: [string, string, number, RegExp][] = [
    ['that is right', scenario("'t'", ''), EXIT.OK, /✓ t: as expected/],
    [
      'with a field too many',
      scenario("'t'", ', colour: 1'),
      EXIT.USAGE,
      /^s\.mjs: VIRQ-S002 'colour' is no field of a scenario/,
    ],
    ['with a wrong type', scenario('5', ''), EXIT.USAGE, /VIRQ-S002 title: expected string/],
    ['without default export', 'export const x = 1;', EXIT.USAGE, /s\.mjs has no default export \(VIRQ-S011\)/],
    ['that throws', 'throw new Error("boom");', EXIT.USAGE, /s\.mjs cannot be loaded: boom \(VIRQ-S011\)/],
  ];
  for (const [name, text, expected, message] of rows)
    it(name, async () => {
      const { code, out, err } = await virq(['run', 's.mjs'], { cwd: project({ 's.mjs': text }) });
      expect(`${out}${err}`).toMatch(message);
      expect({ code, stack: hasStack(err) }).toEqual({ code: expected, stack: false });
    });

  it('that does not exist', async () => {
    expect((await virq(['run', 'nowhere.ts'], { cwd: project() })).err).toMatch(
      /nowhere\.ts does not exist \(VIRQ-C002\)/,
    );
  });
});

describe('a defect in a backend', () => {
  const broken = `import toy from './plugin/index.mjs';
import { defineBackend } from ${coreSource('backend.ts')};
const operations = { ...toy.vocabulary.operations, burst: { summary: 's', args: {}, run() { throw new TypeError('boom'); } } };
export default defineBackend({ ...toy, vocabulary: { ...toy.vocabulary, operations } });`;
  const scenario = 'virq: 1\ntitle: t\nvms: [{ backend: toy-pins }]\nsteps: [{ burst: {} }]\n';
  const call = (env: Record<string, string>) =>
    virq(['run', 's.yaml', '--backend', './broken.mjs'], {
      cwd: project({ 'broken.mjs': broken, 's.yaml': scenario }),
      env,
    });

  it('ends with 70 and a few words, without a stack', async () => {
    const { code, err } = await call({});
    expect(err).toMatch(/internal error: boom[\s\S]*Please report/);
    expect({ code, stack: hasStack(err) }).toEqual({ code: EXIT.INTERNAL, stack: false });
  });

  it('shows the stack when VIRQ_DEBUG asks for it', async () => {
    expect(hasStack((await call({ VIRQ_DEBUG: '1' })).err)).toBe(true);
  });
});
