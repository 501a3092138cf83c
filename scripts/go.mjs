// `npm start` and `npm test` with Node and npm alone: fetches the pinned pnpm, installs, then builds and runs, or tests.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const root = new URL('..', import.meta.url);
const { packageManager } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
const env = { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1', npm_config_loglevel: 'error' };
const [major, minor] = process.versions.node.split('.').map(Number);

if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`virq needs Node 20.19 or newer; this is ${process.versions.node}`);
  process.exit(1);
}

/** Runs a command in the repository; ends the process with its exit code unless that is among `ok`. */
function run(command, args, ok = [0]) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    env,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (error !== undefined) throw error;
  if (!ok.includes(status)) process.exit(status ?? 1);
}

const pnpm = (...args) => run('npx', ['--yes', packageManager, ...args]);

const JOBS = {
  start() {
    pnpm('exec', 'turbo', 'run', 'build', '--output-logs=errors-only');
    // The capture shows a lost interrupt, which `trace` reports with exit code 1: here that is the expected result.
    run(process.execPath, ['apps/cli/dist/main.js', 'trace', 'examples/captures/lost-interrupt.txt', '--replay'], [1]);
  },
  test() {
    pnpm('exec', 'vitest', 'run');
  },
};

const job = JOBS[process.argv[2]];
if (job === undefined) {
  console.error(`usage: node scripts/go.mjs ${Object.keys(JOBS).join('|')}`);
  process.exit(2);
}
pnpm('install', '--frozen-lockfile', '--reporter=silent');
job();
