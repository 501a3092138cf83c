// The checker against SPIN on the same models, each measurement a process of its own, all of them in turn in one run.
// node bench/check.mjs [--long] [--modes] [--only A1,B1] [--rounds n] [--json]
//
// Seconds are those of whole processes, from start to exit: Node's own start counts for us; generating and compiling the verifier,
// which SPIN does once per model, is shown beside. B/state is what each tool says of its states and tables, MiB what the process took.

import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const { values } = parseArgs({
  options: {
    long: { type: 'boolean', default: false },
    modes: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
    rounds: { type: 'string', default: '3' },
  },
});
const work = mkdtempSync(join(tmpdir(), 'virq-bench-'));
process.on('exit', () => rmSync(work, { recursive: true }));

/** Instance → what SPIN is given: file, macros, log2 of its table, depth of its stack. B1 and B2 have a planted bug. */
const INSTANCES = {
  A1: ['avic', ['-DN=2', '-DM=2', '-DP=2'], 20, 500_000],
  A2: ['intx', ['-DK=6'], 23, 5_000_000],
  ...(values.long && {
    A3: ['resample', ['-DK=3', '-DRD=1'], 23, 5_000_000],
    A4: ['avic', ['-DN=2', '-DM=3', '-DP=2'], 25, 12_000_000],
  }),
  B1: ['avic', ['-DN=2', '-DM=2', '-DP=2', '-DBUG=2'], 20, 500_000],
  B2: ['intx', ['-DK=5', '-DBUG=1'], 20, 500_000],
};

/** Row → mode of bench/check-one.ts. */
const OURS = {
  virq: 'plain',
  'virq, reduced': 'reduced',
  'virq, 2 workers': 'workers',
  ...(values.modes && { 'virq, fingerprints': 'fingerprint', 'virq, bits, 64 MiB': 'bitstate' }),
};

/**
 * Row → flags of SPIN's verifier. The first is its fastest exact mode on these models (`--modes` shows the others): breadth first,
 * without its partial order reduction, which saves no state here.
 */
const SPINS = {
  'SPIN, BFS': ['-DNOREDUCE', '-DBFS'],
  ...(values.modes && {
    'SPIN, BFS, POR': ['-DBFS'],
    'SPIN, DFS': ['-DNOREDUCE'],
    'SPIN, DFS, POR': [],
    'SPIN, collapse': ['-DNOREDUCE', '-DCOLLAPSE'],
    'SPIN, hash compact': ['-DNOREDUCE', '-DHC4'],
    'SPIN, bits, 64 MiB': ['-DNOREDUCE', '-DBITSTATE'],
  }),
};
/** Bits of SPIN's field, as a power of two: as many bytes as ours. */
const FIELD = 29;
/** Modes that keep all of every state, without reduction: their counts must agree. */
const EXACT = ['virq', 'virq, 2 workers', 'SPIN, BFS', 'SPIN, DFS', 'SPIN, collapse'];
/** States that SPIN counts before its processes run. */
const START_UP = 64;

/** Greatest resident size of a running process, where the system tells. */
function residentSize(pid) {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** Runs a process to its end: what it printed, wall seconds, and its greatest resident size as often as it was looked at. */
function measure(program, args) {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(program, args, { cwd: work, stdio: ['ignore', 'pipe', 'inherit'] });
    let [text, memory] = ['', 0];
    const look = setInterval(() => {
      memory = Math.max(memory, residentSize(child.pid));
    }, 5);
    child.stdout.on('data', (part) => {
      text += part;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      clearInterval(look);
      if (code !== 0) reject(new Error(`${program} ${args.join(' ')} ended with ${code}:\n${text.slice(0, 2000)}`));
      else resolve({ text, memory, seconds: (performance.now() - started) / 1000 });
    });
  });
}

async function bundled() {
  const outfile = join(work, 'check-one.mjs');
  const options = { bundle: true, platform: 'node', format: 'esm', conditions: ['virq-source'], logLevel: 'error' };
  await build({ ...options, entryPoints: [join(here, 'check-one.ts')], outfile });
  return outfile;
}

async function runOurs(program, name, mode) {
  const { text, seconds } = await measure(process.execPath, [program, name, mode]);
  return { ...JSON.parse(text), seconds };
}

/** Why SPIN cannot run here, null if it can. */
function spinIsMissing() {
  for (const [program, flag] of [
    ['spin', '-V'],
    ['gcc', '--version'],
  ]) {
    try {
      execFileSync(program, [flag], { stdio: 'pipe' });
    } catch {
      return `${program} is not installed; on Debian: apt-get install -y spin gcc`;
    }
  }
  return null;
}

/** Makes SPIN's verifier for an instance; says where it is and how long that took. */
function buildSpin(name, row) {
  const [file, macros] = INSTANCES[name];
  const started = performance.now();
  const program = join(work, `pan-${name}-${row.replaceAll(/\W+/g, '-')}`);
  const options = { cwd: work, stdio: 'pipe' };
  execFileSync('spin', ['-a', ...macros, join(here, 'spin', `${file}.pml`)], options);
  execFileSync('gcc', ['-O3', '-march=native', '-DSAFETY', ...SPINS[row], '-o', program, 'pan.c'], options);
  return { program, built: (performance.now() - started) / 1000 };
}

async function runSpin({ program, built }, name, row) {
  const bits = SPINS[row].includes('-DBITSTATE');
  const [, , log, depth] = INSTANCES[name];
  const table = bits ? FIELD : log;
  const { text, memory: seen, seconds } = await measure(program, [`-m${depth}`, `-w${table}`]);
  const number = (pattern) => Number(pattern.exec(text)?.[1] ?? Number.NaN);
  const states = number(/^\s*(\d+) states, stored/m);
  const own = number(/^\s*([\d.]+)\s+total actual memory usage/m) * 2 ** 20;
  const steps = /assertion violated/.test(text) ? number(/at depth (\d+)/) : null;
  const cut = /max search depth too small/.test(text);
  return { states, steps, cut, built, seconds, memory: Math.max(own, seen), bytesPerState: own / states };
}

const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];

/** All rounds of a row as one: the median; the best would flatter. */
const summary = (rounds) => {
  const seconds = rounds.map((r) => r.seconds);
  const memory = median(rounds.map((r) => r.memory));
  return { ...rounds[0], memory, seconds: median(seconds), least: Math.min(...seconds), most: Math.max(...seconds) };
};

/** Everything that is measured on one instance, the rows in turn in every round. */
async function measureInstance(name, program, missing) {
  const ours = Object.entries(OURS).filter(([, mode]) => name.startsWith('A') || mode !== 'workers');
  const runs = new Map(ours.map(([row, mode]) => [row, () => runOurs(program, name, mode)]));
  if (missing === null)
    for (const row of Object.keys(SPINS)) {
      const made = buildSpin(name, row);
      runs.set(row, () => runSpin(made, name, row));
    }
  const rounds = new Map([...runs.keys()].map((row) => [row, []]));
  for (let i = 0; i < Number(values.rounds); i++) for (const [row, run] of runs) rounds.get(row).push(await run());
  const rows = [...rounds].map(([row, all]) => ({ row, ...summary(all) }));
  const [first] = rows;
  for (const r of rows) r.ratio = r.seconds / first.seconds;
  const differ = rows.filter(
    (r) => name.startsWith('A') && EXACT.includes(r.row) && Math.abs(r.states - first.states) > START_UP,
  );
  return { name, rows, differ: differ.map((r) => r.row) };
}

/** States from which on the fixed size of the tables no longer matters. */
const MANY = 50_000;
const HEAD = ['states', 's', 'M/s', 'B/state', 'MiB', 'time ×'];
const cells = (list) => list.map((cell, i) => cell.padStart([10, 8, 7, 8, 7, 7][i])).join(' ');

function print({ name, rows, differ }) {
  console.log(`${name.padEnd(21)} ${cells(HEAD)}`);
  for (const r of rows) {
    const figures = [
      String(r.states),
      r.seconds.toFixed(2),
      (r.states / r.seconds / 1e6).toFixed(2),
      r.states < MANY ? '–' : r.bytesPerState.toFixed(1),
      (r.memory / 2 ** 20).toFixed(0),
      r.ratio.toFixed(2),
    ];
    const notes = [
      `${r.least.toFixed(2)}–${r.most.toFixed(2)} s`,
      r.inside && `${r.inside.toFixed(2)} s without Node's start`,
      r.built && `${(r.built + r.seconds).toFixed(2)} s with generating and compiling`,
      r.steps !== null && `counterexample of ${r.steps} steps${r.built ? ', starts of processes included' : ''}`,
      (r.cut || (r.bound !== null && r.bound !== undefined)) && `incomplete: ${r.cut ? 'depth' : r.bound}`,
    ];
    console.log(`  ${r.row.padEnd(19)} ${cells(figures)}   ${notes.filter(Boolean).join(' · ')}`);
  }
  for (const row of differ) console.log(`  ! ${row} does not count the same states`);
  console.log('');
}

const missing = spinIsMissing();
const program = await bundled();
const names = Object.keys(INSTANCES).filter(
  (name) => values.only === undefined || values.only.split(',').includes(name),
);
const load = loadavg()[0];
const machine = { node: process.version, threads: availableParallelism(), load, rounds: Number(values.rounds) };
const { json } = values;
if (!json) {
  const { node, threads, rounds } = machine;
  console.log(`Node ${node}, ${threads} threads, load ${load.toFixed(1)}, medians of ${rounds} rounds in turn\n`);
}
const instances = [];
for (const name of names) {
  instances.push(await measureInstance(name, program, missing));
  if (!json) print(instances.at(-1));
}
if (json)
  console.log(
    JSON.stringify({ schema: 'virq/bench-check@2', machine, skipped: { spin: missing }, instances }, null, 1),
  );
else if (missing !== null) console.log(`SPIN was left out: ${missing}`);
else if (load > 0.5) console.log('Other work was going on here: read ratios, and read nothing into two workers.');
if (instances.some((i) => i.differ.length > 0)) process.exitCode = 1;
