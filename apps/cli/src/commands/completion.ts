// virq completion: scripts for the shells, and the answers those scripts ask for with `virq complete -- …`. Both by @bomb.sh/tab from the commands themselves.

import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';
import { EXIT, type Io, print, UsageError } from '../io.ts';

const SHELLS = ['bash', 'zsh', 'fish', 'powershell'];

/** The library writes with console.log; this takes what it writes. */
function capture(write: () => void): string {
  const written: string[] = [];
  const { log } = console;
  console.log = (...parts: unknown[]) => void written.push(parts.join(' '));
  try {
    write();
  } finally {
    console.log = log;
  }
  return `${written.join('\n')}\n`;
}

/** The verb. */
export async function completion(program: Command, shell: string, io: Io): Promise<number> {
  if (!SHELLS.includes(shell))
    throw new UsageError('VIRQ-C001', `no completion for '${shell}'`, `there are: ${SHELLS.join(', ')}`);
  await print(
    io,
    capture(() => tab(program).setup('virq', 'virq', shell)),
  );
  return EXIT.OK;
}

/** Answers a completion script: one candidate per line for the words typed so far. The library's own verb is left out. */
export async function complete(program: Command, words: readonly string[], io: Io): Promise<number> {
  const answers = capture(() => tab(program).parse([...words])).split('\n');
  await print(io, answers.filter((line) => !line.startsWith('complete\t')).join('\n'));
  return EXIT.OK;
}
