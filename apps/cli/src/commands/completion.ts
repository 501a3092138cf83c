// virq completion: scripts for the shells, made by @bomb.sh/tab from the commands themselves.

import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';
import { EXIT, type Io, UsageError } from '../io.ts';

const SHELLS = ['bash', 'zsh', 'fish', 'powershell'];

/** The verb. */
export async function completion(program: Command, shell: string, io: Io): Promise<number> {
  if (!SHELLS.includes(shell))
    throw new UsageError('VIRQ-C001', `no completion for '${shell}'`, `there are: ${SHELLS.join(', ')}`);
  const written: string[] = [];
  const log = console.log;
  console.log = (...parts: unknown[]) => void written.push(parts.join(' '));
  try {
    const completions = tab(program);
    completions.setup('virq', 'virq', shell);
  } finally {
    console.log = log;
  }
  io.stdout.write(`${written.join('\n')}\n`);
  return EXIT.OK;
}
