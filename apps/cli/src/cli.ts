// The command line: verbs, options, help; every failure becomes a sentence and an exit code.

import { Command, CommanderError } from 'commander';
import { EXIT, type Io, UsageError } from './io.ts';

/** Version printed by --version; set at build time from package.json. */
export interface CliOptions {
  readonly version: string;
}

type Set = (code: number) => void;

const list = (value: string, previous: string[]): string[] => [...previous, value];

function addRun(program: Command, io: Io, set: Set): void {
  program
    .command('run [scenario]')
    .description('run a scenario and print what happens')
    .option('--seed <n>', 'seed of the schedule of concurrent parts')
    .option('--schedule <s>', 'straight, round-robin, random, pct, or a schedule string that was printed')
    .option('--step', 'wait for Enter after each step (on a terminal)')
    .option('--inspect', 'print the controllers at the end')
    .option('--mode <name>', 'only this mode of the scenario; default all of them')
    .option('--costs', 'what each interrupt costs, in exits, IPIs, wake-ups and injections; modes side by side')
    .option('--replay <file>', 'step through a counterexample that check or gallery saved; takes no scenario')
    .option('--json', 'NDJSON, first record names the schema')
    .option('--backend <name>', 'load a backend: package name or ./path', list, [])
    .action(async (path: string | undefined, options) =>
      set(await (await import('./commands/run.ts')).runOrReplay(path, options, io)),
    );
  program
    .command('inspect <scenario>')
    .description('run a scenario and print only the controllers it ends with')
    .option('--mode <name>', 'only this mode of the scenario; default all of them')
    .option('--seed <n>', 'seed of the schedule of concurrent parts')
    .option('--schedule <s>', 'as for run')
    .option('--json', 'NDJSON, first record names the schema')
    .option('--backend <name>', 'load a backend: package name or ./path', list, [])
    .action(async (path: string, options) => set(await (await import('./commands/run.ts')).inspect(path, options, io)));
}

function addCheck(program: Command, io: Io, set: Set): void {
  program
    .command('check [what]')
    .description(
      'try every interleaving of a model, or of the concurrent: section of a scenario; alone: list the models',
    )
    .option('--scope <sizes>', 'sizes, for example vcpus=3,irtes=2', list, [])
    .option('--variant <bug>', 'a historical bug of the model')
    .option('--property <name>', 'judge only this property (and those built in)', list, [])
    .option('--search <order>', 'bfs: a shortest counterexample; dfs: less memory in deep, narrow spaces')
    .option('--workers <n>', 'threads')
    .option('--max-states <n>', 'stop after so many states')
    .option('--max-depth <n>', 'stop after so many steps')
    .option('--max-time <s>', 'stop after so many seconds')
    .option('--max-memory <MiB>', 'memory for states and tables; default 2048')
    .option('--no-reduce', 'no reductions')
    .option('--without <reduction>', 'leave out partial-order, symmetry or dead-locals', list, [])
    .option('--no-deadlock', 'a process may wait for ever')
    .option('--engine <name>', 'compiled, or plain: the steps themselves, slow')
    .option(
      '--store <kind>',
      'fingerprint (64 bits per state) or bitstate: one random search over hashes, for spaces beyond memory',
    )
    .option('--shard <i/n>', 'one random search of a swarm; --save its result for virq merge')
    .option('--seed <n>', 'order of a random search')
    .option('--all', 'go on after a violation: the first of every property')
    .option('--mutants', 'plant small faults one by one; say which of them the properties notice')
    .option('--save <file>', 'keep the counterexample for virq run --replay')
    .option('--itf <file>', 'write the counterexample as an ITF trace')
    .option('--json', 'NDJSON, first record names the schema')
    .option('--backend <name>', 'load a backend: package name or ./path', list, [])
    .action(async (what: string | undefined, options) =>
      set(await (await import('./commands/check.ts')).check(what, options, io)),
    );
  program
    .command('merge <results...>')
    .description('what the shards of a swarm saw together')
    .option('--json', 'one record')
    .action(async (files: string[], options) =>
      set(await (await import('./commands/swarm.ts')).merge(files, options, io)),
    );
  program
    .command('gallery [bug]')
    .description('historical bugs: the counterexample, and the proof of the fix')
    .option('--all', 'examine every bug and compare with what is recorded')
    .option('--save <file>', 'keep the counterexample for virq run --replay')
    .option('--json', 'NDJSON, first record names the schema')
    .action(async (slug: string | undefined, options) =>
      set(await (await import('./commands/gallery.ts')).gallery(slug, options, io)),
    );
}

function addTrace(program: Command, io: Io, set: Set): void {
  program
    .command('trace <capture>')
    .description('say what happened to every interrupt of an ftrace, trace-cmd or perf text; `-` is standard input')
    .option('--replay', 'drive the x86 model with it and compare every recorded event')
    .option('--kernel <v>', 'kernel whose behaviour is replayed: 6.18, 6.12 or 6.1')
    .option('--gsi <n>', 'only this GSI')
    .option('--only <kinds>', 'only these findings, comma-separated: lost, stuck, storm, …')
    .option('--since <s>', 'from this time, in the seconds of the capture')
    .option('--until <s>', 'up to this time')
    .option('--json', 'NDJSON, first record names the schema')
    .action(async (path: string, options) => set(await (await import('./commands/trace.ts')).trace(path, options, io)));
}

function addExec(program: Command, io: Io, set: Set): void {
  program
    .command('exec')
    .description('serve a reference model over JSON Lines: one operation in, one result out')
    .requiredOption('--backend <name>', 'backend: built-in name, package name or ./path')
    .option('--kernel <v>', 'kernel whose behaviour is modelled: 6.18, 6.12 or 6.1')
    .option('--implementation <name>', 'kvm, or another one that the backend models, such as qemu')
    .option('--file <ops.json>', 'take the operations from a JSON array instead of standard input')
    .action(async (options) => set(await (await import('./commands/exec.ts')).exec(options, io)));
}

function addConform(program: Command, io: Io, set: Set): void {
  program
    .command('conform [backend]')
    .description(
      'hold a model against a real implementation: random operations, every field compared; alone: list them',
    )
    .option(
      '--against <oracle>',
      'kvm: /dev/kvm of this machine; qemu: q35, powernv9 and powernv10, or virt, over qtest',
    )
    .option('--seeds <n|a..b>', 'seeds of the sequences; default 10')
    .option('--ops <n>', 'operations in all; default 20000')
    .option('--replay <file>', 'run these operations instead: an .ops.json, or a recording')
    .option('--record <file>', 'write every operation with what the oracle gave')
    .option('--save <file>', 'keep the minimised operations of a difference')
    .option('--kernel <v>', 'kernel whose behaviour is modelled: 6.18, 6.12 or 6.1; default: that of the host')
    .option('--json', 'NDJSON, first record names the schema')
    .action(async (backend: string | undefined, options) =>
      set(await (await import('./commands/conform.ts')).conform(backend, options, io)),
    );
}

function addAbout(program: Command, io: Io, set: Set): void {
  const about = (): Promise<typeof import('./commands/about.ts')> => import('./commands/about.ts');
  program
    .command('backends')
    .description('list the backends')
    .option('--operations', 'with the operations that scenarios and exec can use')
    .option('--backend <name>', 'load a further one', list, [])
    .option('--json', 'NDJSON')
    .action(async (options) => set(await (await about()).backends(options, io)));
  program
    .command('explain [code]')
    .description('what a code such as VIRQ-T001 means and what to do')
    .option('--json', 'JSON')
    .action(async (code: string | undefined, options) => set(await (await about()).explain(code, options, io)));
  program
    .command('schema [what]')
    .description('JSON schema of scenario files, with the operations of all backends')
    .option('--backend <name>', 'load a further one', list, [])
    .action(async (what: string | undefined, options) =>
      set(await (await about()).schema(what ?? 'scenario', options, io)),
    );
}

function addCompletion(program: Command, io: Io, set: Set): void {
  program
    .command('completion <shell>')
    .description('completion script for bash, zsh or fish')
    .action(async (shell: string) =>
      set(await (await import('./commands/completion.ts')).completion(program, shell, io)),
    );
}

function build(io: Io, { version }: CliOptions, set: Set): Command {
  const program = new Command('virq')
    .description('An executable model of how KVM delivers device interrupts to guests')
    .version(version)
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({ writeOut: (text) => void io.stdout.write(text), writeErr: (text) => void io.stderr.write(text) })
    .addHelpText(
      'before',
      'Examples:\n  virq trace capture.txt --replay\n  virq run examples/intx-resample.yaml\n  virq check examples/check-routing-race.yaml\n  virq gallery avic-ir-list\n  echo \'{"op":"vm"}\' | virq exec --backend x86-avic\n\n',
    );
  for (const add of [addRun, addCheck, addTrace, addExec, addConform, addAbout, addCompletion]) add(program, io, set);
  for (const command of program.commands) command.exitOverride().configureOutput(program.configureOutput());
  return program;
}

function fail(io: Io, error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.OK : EXIT.USAGE;
  if (error instanceof UsageError) {
    io.stderr.write(`virq: ${error.message} (${error.code})\n${error.hint === undefined ? '' : `  ${error.hint}\n`}`);
    return error.exit;
  }
  const e = error as { code?: unknown; message?: unknown; hint?: unknown; stack?: unknown };
  if (typeof e?.code === 'string' && /^VIRQ-[ABKOPX]\d/.test(e.code)) {
    io.stderr.write(`virq: ${String(e.message)} (${e.code})\n${typeof e.hint === 'string' ? `  ${e.hint}\n` : ''}`);
    return EXIT.USAGE;
  }
  if (e?.code === 'VIRQ-M002') {
    io.stderr.write(`virq: the kernel crashes: ${String(e.message)} (VIRQ-M002)\n`);
    return EXIT.FINDING;
  }
  io.stderr.write(
    `virq: internal error: ${String(e?.message ?? error)}\n  This is a defect of virq. Please report it with the command and its input; VIRQ_DEBUG=1 shows where.\n`,
  );
  if (io.env['VIRQ_DEBUG'] !== undefined) io.stderr.write(`${String(e?.stack ?? '')}\n`);
  return EXIT.INTERNAL;
}

/** Runs one call. Never throws; returns the exit code. */
export async function main(argv: readonly string[], io: Io, options: CliOptions): Promise<number> {
  let code: number = EXIT.OK;
  try {
    const program = build(io, options, (c) => {
      code = c;
    });
    if (argv.length === 0) {
      program.outputHelp();
      return EXIT.USAGE;
    }
    if (argv[0] === 'complete' && argv[1] === '--')
      return await (await import('./commands/completion.ts')).complete(program, argv.slice(2), io);
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    return fail(io, error);
  }
}
