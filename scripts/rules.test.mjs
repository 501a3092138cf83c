// Every mechanical rule fires on what it forbids and is quiet on what it allows.

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { checkImports } from './check-imports.mjs';
import { checkNames } from './check-names.mjs';
import { checkSize } from './check-size.mjs';
import { repository } from './sources.mjs';

const roots = [];
function tree(files) {
  const root = mkdtempSync(join(tmpdir(), 'virq-rules-'));
  roots.push(root);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  return root;
}
afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true });
});

const core = (file, text) => ({ [`packages/irq-core/src/${file}`]: text });

describe('imports', () => {
  const bad = [
    ['arena looks up', core('arena/a.ts', "import { k } from '../kvm/k.ts';"), /arena must not import kvm/],
    ['host and kvm are neighbours', core('host/a.ts', "import { k } from '../kvm/k.ts';"), /host must not import kvm/],
    ['node in a browser-safe package', core('kvm/a.ts', "import 'node:fs';"), /browser-safe/],
    ['no extension', core('kvm/a.ts', "import './b';"), /must end in \.ts/],
    ['out of the package', core('kvm/a.ts', "import '../../../trace/src/b.ts';"), /leaves the package/],
    [
      'a backend imports another package',
      { 'packages/x86-avic/src/a.ts': "import '@virq/trace';" },
      /must not import @virq\/trace/,
    ],
    ['a built-in without its prefix', core('kvm/a.ts', "import 'fs';"), /browser-safe/],
    ['a type import in passing', core('arena/a.ts', "type K = import('../kvm/k.ts').K;"), /arena must not import kvm/],
    ['a dynamic import', { 'packages/trace/src/a.ts': "await import('node:fs');" }, /browser-safe/],
    [
      'code against a type-only exception',
      core('machine/a.ts', "import { b } from '../backend.ts';"),
      /machine must not import backend/,
    ],
    ['an unknown package', { 'packages/new/src/a.ts': '' }, /^packages\/new\/src\/a\.ts:1: say in scripts/],
    ['an unknown room', core('arena/a.ts', "import { x } from '../new/x.ts';"), /what rank 'new' has/],
    ['an unknown room that looks up', core('new/a.ts', "import { x } from '../vfio/x.ts';"), /what rank 'new' has/],
    ['a template', { 'packages/trace/src/a.ts': 'await import(`node:fs`);' }, /browser-safe/],
    ['the CLI as a library', { 'packages/trace/src/a.ts': "import 'virq';" }, /must not import virq/],
  ];
  for (const [name, files, message] of bad)
    it(name, () => expect(checkImports(tree(files)).join('\n')).toMatch(message));

  it('names an unknown package once', () => {
    const files = { 'packages/new/src/a.ts': '', 'packages/new/src/b.ts': '' };
    expect(checkImports(tree(files))).toHaveLength(1);
  });

  it('allows what the architecture allows', () => {
    const files = {
      ...core('kvm/a.ts', "import { x } from '../arena/x.ts';\nimport { y } from './y.ts';"),
      ...core('machine/a.ts', "import type { B } from '../backend.ts';"),
      'apps/cli/src/a.ts': "import 'node:fs';\nimport '@virq/trace';",
      'packages/x86-avic/src/a.test.ts': "import 'node:fs';",
    };
    expect(checkImports(tree(files))).toEqual([]);
  });
});

describe('size', () => {
  const lines = (n) => Array.from({ length: n }, (_, i) => `  const v${i} = ${i};`).join('\n');
  const bad = [
    ['a long file', '// x\n'.repeat(401), /401 lines/],
    ['a long function', `function f() {\n${lines(61)}\n}`, /function of 63 lines/],
    ['many parameters', 'function f(a, b, c, d, e) {}', /5 parameters/],
    ['many parameters of an arrow function', 'const f = (a, b, c, d, e) => a;', /5 parameters/],
    ['many parameters of a constructor', 'class A { constructor(a, b, c, d, e) {} }', /5 parameters/],
    ['a long getter', `class A { get a() {\n${lines(61)}\n} }`, /function of 63 lines/],
    ['a long step', `protocol('p', {}, () => ({ step(m) {\n${lines(12)}\n} }));`, /step of 14 lines/],
    ['a long arrow step', `protocol('p', {}, () => ({ step: (m) => {\n${lines(12)}\n} }));`, /step of 14 lines/],
    [
      'a long step of a protocol by its maker',
      `protocolsOn().protocol('p', {}, () => ({ step(m) {\n${lines(12)}\n} }));`,
      /step of 14 lines/,
    ],
  ];
  for (const [name, text, message] of bad)
    it(name, () => expect(checkSize(tree(core('kvm/a.ts', text))).join()).toMatch(message));

  it('counts only the own statements of a function that makes functions, and exempts tables and tests', () => {
    const maker = `function create() {\n  return {\n    a() {\n${lines(40)}\n    },\n    b() {\n${lines(40)}\n    },\n  };\n}`;
    const files = {
      ...core('kvm/a.ts', maker),
      ...core('kvm/b.ts', `// @table\n${'// x\n'.repeat(500)}`),
      ...core('kvm/c.test.ts', '// x\n'.repeat(500)),
    };
    expect(checkSize(tree(files))).toEqual([]);
  });
});

/** A backend with every room and this index. */
const backend = (index) => ({
  'packages/x/package.json': '{"keywords":["virq-backend"]}',
  'packages/x/README.md': '',
  ...Object.fromEntries(['layout', 'vocabulary', 'inspect', 'regs'].map((r) => [`packages/x/src/${r}.ts`, '// It.'])),
  'packages/x/src/index.ts': index,
});

describe('names', () => {
  const bad = [
    ['a catch-all file', core('kvm/utils.ts', '// x'), /says nothing/],
    ['camel case', core('kvm/fooBar.ts', '// x'), /kebab-case/],
    ['no first line', core('kvm/a.ts', 'const a = 1;'), /first line/],
    ['a doc comment for a first line', core('kvm/a.ts', '/** Of what? */'), /first line/],
    ['an undocumented export', core('kvm/a.ts', '// x\nexport function f() {}'), /'f' has no doc comment/],
    [
      'a backend without rooms',
      { 'packages/x/package.json': '{"keywords":["virq-backend"]}' },
      /a backend has 'layout'/,
    ],
    [
      'a backend without a README',
      { ...core('kvm/a.ts', '// It.'), 'packages/x/package.json': '{"keywords":["virq-backend"]}' },
      /^packages\/x\/package\.json:1: a backend has a README\.md$/m,
    ],
    ['a default export in a comment only', backend('// There is no export default.'), /is the default export/],
  ];
  for (const [name, files, message] of bad) it(name, () => expect(checkNames(tree(files)).join('\n')).toMatch(message));

  for (const index of ['export default x;', 'export default function f() {}', 'export { x as default };'])
    it(`is quiet on a backend with \`${index}\``, () =>
      expect(checkNames(tree(backend(`// The backend.\n/** It. */\n${index}`)))).toEqual([]));

  it('is quiet on a good file', () => {
    expect(checkNames(tree(core('kvm/a-b.ts', '// What it is.\n\n/** Does f. */\nexport function f() {}')))).toEqual(
      [],
    );
  });
});

describe('as programs', () => {
  const CHECKS = ['check-imports.mjs', 'check-names.mjs', 'check-size.mjs'];
  /** Breaks one rule of every check. */
  const broken = core('kvm/utils.ts', `import 'node:fs';\nfunction f(a, b, c, d, e) {}`);
  const run = (...args) => spawnSync(process.execPath, args, { encoding: 'utf8' });

  /** A copy of the checks in a repository whose path has a space and a percent sign. */
  function clone(files) {
    const root = join(tree({}), 'my 100% clone');
    cpSync(join(repository, 'scripts'), join(root, 'scripts'), { recursive: true });
    symlinkSync(join(repository, 'node_modules'), join(root, 'node_modules'));
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), text);
    }
    return root;
  }

  for (const check of CHECKS) {
    it(`${check} fires in a path with odd characters`, () => {
      const { status, stderr } = run(join(clone(broken), 'scripts', check));
      expect([status, stderr.includes('packages/irq-core/src/kvm/utils.ts:')]).toEqual([1, true]);
    });

    it(`${check} fires when started through a symbolic link`, () => {
      const link = join(tree({}), 'link');
      symlinkSync(clone(broken), link);
      expect(run(join(link, 'scripts', check)).status).toBe(1);
    });

    it(`${check} fails where there is nothing to check`, () => {
      const { status, stderr } = run(join(repository, 'scripts', check), tree({}));
      expect([status, stderr]).toEqual([1, expect.stringContaining('no sources below')]);
    });

    it(`${check} is quiet on a good repository`, () => {
      const good = core('kvm/a-b.ts', '// What it is.\n\n/** Does f. */\nexport function f() {}');
      expect(run(join(clone(good), 'scripts', check))).toMatchObject({ status: 0, stderr: '' });
    });
  }
});
