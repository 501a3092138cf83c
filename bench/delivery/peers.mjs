// The delivery cycles of every implementation in one run: each in processes of its own, taking turns, so that a busy moment hits all of them.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const CYCLES = ['msi', 'edge', 'level'];
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const number = (file, args) => Number(execFileSync(file, args, { stdio: ['ignore', 'pipe', 'ignore'] }).toString());

const inNode = (name) => ({ run: (cycle) => number(process.execPath, [here('run.mjs'), name, cycle]) });

/** A C model, compiled; a reason if there is no compiler. */
function inC(folder, name) {
  const program = join(folder, name);
  try {
    execFileSync('gcc', ['-O2', '-o', program, here(`../native/${name}.c`)], { stdio: 'ignore' });
  } catch {
    return { skipped: 'no C compiler' };
  }
  return { run: (cycle) => number(program, [cycle]) };
}

async function v86() {
  const { missing } = await import('./v86.mjs');
  const why = missing();
  return why === null ? inNode('v86') : { skipped: why };
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

/** Medians of `rounds` processes per peer and cycle, the peers in turn. `{ skipped }` where something is missing. */
function measure(peers, cycles, rounds) {
  const samples = cycles.flatMap((cycle) =>
    Object.entries(peers).map(([name, { run, skipped }]) => ({ name, cycle, run, skipped, values: [] })),
  );
  for (let round = 0; round < rounds; round++)
    for (const { run, cycle, values } of samples) if (run !== undefined) values.push(run(cycle));
  const rowOf = (name) => {
    const row = samples.filter((s) => s.name === name);
    if (row[0].skipped !== undefined) return { skipped: row[0].skipped };
    return Object.fromEntries(row.map(({ cycle, values }) => [cycle, median(values)]));
  };
  return Object.fromEntries(Object.keys(peers).map((name) => [name, rowOf(name)]));
}

/** Runs with a folder for compiled programs. */
async function withFolder(run) {
  const folder = mkdtempSync(join(tmpdir(), 'virq-bench-'));
  try {
    return await run(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Nanoseconds of the x86 cycles by implementation. */
export const measurePeers = (rounds) =>
  withFolder(async (folder) => {
    const peers = {
      virq: inNode('virq'),
      crowded: inNode('crowded'),
      v86: await v86(),
      minimal: inNode('minimal'),
      native: inC(folder, 'apic'),
    };
    return measure(peers, CYCLES, rounds);
  });

/** Nanoseconds of the XIVE cycle by implementation: trigger, queue entry, acknowledge, EOI, CPPR. */
export const measureXive = (rounds) =>
  withFolder((folder) => {
    const peers = { virq: inNode('xive'), minimal: inNode('minimal-xive'), native: inC(folder, 'xive') };
    return measure(peers, ['xive'], rounds);
  });

export const GIC_CYCLES = ['edge', 'level', 'lpi', 'cached', 'uncached'];

/** Nanoseconds of the VGIC's cycles by implementation, and those of an SPI among 992 interrupts and 64 vCPUs. */
export const measureGic = (rounds) =>
  withFolder(async (folder) => {
    const peers = { virq: inNode('gic'), native: inC(folder, 'gic') };
    const sizes = measure({ virq: inNode('gic') }, ['level', 'crowded', 'wide'], rounds);
    return { cycles: measure(peers, GIC_CYCLES, rounds), sizes: sizes.virq };
  });
