// The checker against SPIN on the same models, each measurement in a process of its own, peers side by side in one run.
// node bench/check.mjs [--long] [--json] [--rounds n]

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const { values } = parseArgs({
  options: {
    long: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
  },
});
const work = mkdtempSync(join(tmpdir(), 'virq-bench-'));
process.on('exit', () => rmSync(work, { recursive: true }));

/** Instance → what SPIN is given: file, macros, log2 of its table. B1 and B2 have a planted bug. */
const INSTANCES = {
  A1: ['avic', ['-DN=2', '-DM=2', '-DP=2'], 20],
  A2: ['intx', ['-DK=6'], 23],
  ...(values.long && { A3: ['resample', ['-DK=3', '-DRD=1'], 23], A4: ['avic', ['-DN=2', '-DM=3', '-DP=2'], 25] }),
  B1: ['avic', ['-DN=2', '-DM=2', '-DP=2', '-DBUG=2'], 20],
  B2: ['intx', ['-DK=5', '-DBUG=1'], 20],
};

const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];

/** Best of several rounds would flatter; the median does not. */
function rounds(once) {
  const all = Array.from({ length: Number(values.rounds) }, once);
  return { ...all[0], seconds: median(all.map((r) => r.seconds)) };
}

async function bundled() {
  const outfile = join(work, 'check-one.mjs');
  const options = { bundle: true, platform: 'node', format: 'esm', conditions: ['virq-source'], logLevel: 'error' };
  await build({ ...options, entryPoints: [join(here, 'check-one.ts')], outfile });
  return outfile;
}

function virq(program, ...args) {
  return rounds(() => JSON.parse(execFileSync(process.execPath, [program, ...args], { encoding: 'utf8' })));
}

function hasSpin() {
  try {
    execFileSync('spin', ['-V'], { stdio: 'pipe' });
    execFileSync('gcc', ['--version'], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
}

/** SPIN's fastest exact mode on these models: breadth first, without its partial order reduction, which saves nothing here. */
function spin(name) {
  const [file, macros, log] = INSTANCES[name];
  const run = (program, args) => execFileSync(program, args, { cwd: work, encoding: 'utf8', stdio: 'pipe' });
  const started = performance.now();
  run('spin', ['-a', ...macros, join(here, 'spin', `${file}.pml`)]);
  run('gcc', ['-O3', '-march=native', '-DSAFETY', '-DNOREDUCE', '-DBFS', '-o', 'pan', 'pan.c']);
  const built = (performance.now() - started) / 1000;
  return {
    built,
    ...rounds(() => {
      const start = performance.now();
      const text = run('./pan', ['-m5000000', `-w${log}`]);
      const number = (pattern) => Number(pattern.exec(text)?.[1] ?? Number.NaN);
      const states = number(/^\s*(\d+) states, stored/m);
      const memory = number(/^\s*([\d.]+)\s+total actual memory usage/m) * 2 ** 20;
      return { states, memory, seconds: (performance.now() - start) / 1000, bytesPerState: memory / states };
    }),
  };
}

const program = await bundled();
const withSpin = hasSpin();
const rows = Object.keys(INSTANCES).map((name) => ({
  name,
  virq: virq(program, name),
  reduced: virq(program, name, '1', 'reduced'),
  ...(name.startsWith('A') && { two: virq(program, name, '2') }),
  ...(withSpin && { spin: spin(name) }),
}));

const million = (n) => (n / 1e6).toFixed(2);
const line = (label, r) =>
  `${label.padEnd(18)} ${String(r.states).padStart(10)} ${r.seconds.toFixed(2).padStart(8)} ${million(r.states / r.seconds).padStart(8)} ${r.bytesPerState.toFixed(1).padStart(9)} ${(r.memory / 2 ** 20).toFixed(0).padStart(7)}`;

if (values.json) console.log(JSON.stringify({ schema: 'virq/bench-check@1', node: process.version, rows }, null, 1));
else {
  console.log(
    `${''.padEnd(18)} ${'states'.padStart(10)} ${'s'.padStart(8)} ${'M/s'.padStart(8)} ${'B/state'.padStart(9)} ${'MiB'.padStart(7)}`,
  );
  for (const { name, virq: one, reduced, two, spin: peer } of rows) {
    const bug = one.steps === null ? '' : ` (bug, ${one.steps} steps)`;
    console.log(line(`${name} virq${bug}`.slice(0, 18), one));
    console.log(line('   reduced', reduced));
    if (two !== undefined) console.log(line('   2 workers', two));
    if (peer !== undefined) console.log(`${line('   SPIN, BFS', peer)}   + ${peer.built.toFixed(2)} s to build`);
    const ratios = [two && `2 workers ${(one.seconds / two.seconds).toFixed(2)}×`];
    if (peer !== undefined)
      ratios.push(
        `SPIN takes ${(peer.seconds / one.seconds).toFixed(1)}× the time and ${(peer.bytesPerState / one.bytesPerState).toFixed(1)}× the bytes per state`,
      );
    console.log(`   ${ratios.filter(Boolean).join(' · ')}`);
  }
  if (!withSpin) console.log('\nSPIN was left out: it is not installed. On Debian: apt-get install spin gcc');
}
