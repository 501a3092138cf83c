// What a user gets: packs every public package, checks the tarballs (publint, are-the-types-wrong), installs them into an empty
// folder with npm and runs the CLI there, with the plugin fixture as a backend from outside the workspace.

import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repository as root } from './sources.mjs';

const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const work = mkdtempSync(join(tmpdir(), 'virq-packed-'));

const run = (command, args, cwd) =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

/** Runs and demands an exit code and a piece of output. */
function demand(what, [command, ...args], { cwd, code = 0, text = '', input = '' }) {
  const result = spawnSync(command, args, { cwd, encoding: 'utf8', input });
  const output = `${result.stdout}${result.stderr}`;
  if (result.status !== code || !output.includes(text)) {
    console.error(`${what}: exit ${result.status}, expected ${code}${text ? ` and "${text}"` : ''}\n${output}`);
    process.exit(1);
  }
  console.log(`ok ${what}`);
}

const dirs = ['packages', 'apps'].flatMap((g) => readdirSync(join(root, g)).map((n) => join(root, g, n)));
const packages = dirs.filter(
  (dir) =>
    existsSync(join(dir, 'package.json')) && !JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')).private,
);

try {
  for (const dir of packages) run('npx', ['--yes', packageManager, 'pack', '--pack-destination', work], dir);
  const tarballs = readdirSync(work).filter((f) => f.endsWith('.tgz'));
  for (const tarball of tarballs) {
    demand(`publint ${tarball}`, ['npx', 'publint', join(work, tarball)], { cwd: root });
    demand(
      `attw ${tarball}`,
      [
        'npx',
        'attw',
        join(work, tarball),
        '--profile',
        'esm-only',
        '--no-emoji',
        ...(tarball.startsWith('virq-scenario') ? ['--exclude-entrypoints', 'schema.json'] : []),
      ],
      { cwd: root },
    );
  }

  const user = join(work, 'user');
  cpSync(join(root, 'fixtures/plugin-backend'), join(user, 'plugin'), { recursive: true });
  cpSync(join(root, 'examples'), join(user, 'examples'), { recursive: true });
  const dependencies = Object.fromEntries(
    tarballs.map((t) => {
      const name = JSON.parse(run('tar', ['-xzOf', join(work, t), 'package/package.json'], work)).name;
      return [name, `file:${join(work, t)}`];
    }),
  );
  writeFileSync(
    join(user, 'package.json'),
    JSON.stringify({ name: 'user', private: true, type: 'module', dependencies, overrides: dependencies }),
  );
  run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], user);

  const virq = join(user, 'node_modules/.bin/virq');
  demand('virq --version', [virq, '--version'], { cwd: user, text: '0.' });
  demand('virq trace --replay', [virq, 'trace', 'examples/captures/lost-interrupt.txt', '--replay'], {
    cwd: user,
    code: 1,
    text: 'the model agrees with the kernel',
  });
  demand('virq run', [virq, 'run', 'examples/intx-resample.yaml'], { cwd: user, text: 'as expected' });
  demand('virq exec', [virq, 'exec', '--backend', 'x86-avic'], { cwd: user, input: '{"op":"vm"}\n', text: '"lapic"' });
  demand('plugin backend', [virq, 'backends', '--backend', './plugin/index.mjs'], { cwd: user, text: 'toy-pins' });
  demand('plugin scenario', [virq, 'run', 'plugin/scenario.yaml', '--backend', './plugin/index.mjs'], {
    cwd: user,
    text: 'as expected',
  });
} finally {
  rmSync(work, { recursive: true, force: true });
}
