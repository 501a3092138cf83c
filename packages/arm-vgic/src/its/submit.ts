// A guest gives an ITS a command: words into the queue in its memory, then GITS_CWRITER.

import type { Ram } from '../memory/ram.ts';
import type { CommandWords } from './encode.ts';
import { storeEntry } from './entries.ts';
import type { Its } from './its.ts';
import { queueAt, queueBytes } from './queue.ts';

const low = (word: bigint): number => Number(word & 0xffffffffn);

/** Writes a command behind those that are queued: the GITS_CWRITER that announces it, -1 when the queue lies outside memory. */
export function enqueue(ram: Ram, { context }: Its, words: CommandWords): number {
  const { cwriter } = context.state;
  const at = queueAt(context) + cwriter;
  const stored = words.every((word, i) => storeEntry(ram, at + 8 * i, { lo: low(word), hi: low(word >> 32n) }));
  return stored ? (cwriter + 32) % queueBytes(context) : -1;
}
