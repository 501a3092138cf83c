// An END: eight words in its table, a queue, two pages of state bits. Sheet: 5.1; QEMU: `include/hw/ppc/{xive_regs,xive2_regs}.h`.

import { flag, hex, num } from '../../arguments.ts';
import type { Op } from '../../oracle.ts';
import type { EndFlags, Generation } from './generation.ts';
import { queueAddress } from './tables.ts';

/** Arguments of `end` that are bits of word 0, with what they are when nobody says. */
const DEFAULTS: Readonly<Record<keyof EndFlags, boolean>> = {
  valid: true,
  enqueue: true,
  notify: true,
  backlog: true,
  escalate: false,
  unconditional: false,
  silent: false,
};

const ESN_SHIFT = 30;
const ESE_SHIFT = 28;
const GENERATION_BIT = 22;
const INDEX_MASK = 0x3fffff;
/** log2 of the size in bytes of the smallest queue. */
const SMALLEST_QUEUE = 12;

/** log2 of the size of the queue that an `end` asks for, in bytes. */
export const queueShift = (op: Op): number => num(op, 'qsize', SMALLEST_QUEUE);

/** The eight words of an END that an `end` operation describes. */
export function endWords(op: Op, generation: Generation): number[] {
  const flags = (Object.keys(DEFAULTS) as (keyof EndFlags)[]).reduce(
    (bits, name) => bits | (flag(op, name, DEFAULTS[name]) ? generation.flags[name] : 0),
    0,
  );
  const words = [
    flags,
    (num(op, 'esn', 1) << ESN_SHIFT) |
      (num(op, 'ese', 1) << ESE_SHIFT) |
      (num(op, 'gen', 1) << GENERATION_BIT) |
      (num(op, 'off') & INDEX_MASK),
    0,
    queueAddress(num(op, 'idx')),
    num(op, 'esc_end'),
    num(op, 'esc_data'),
    num(op, 'nvt') | (flag(op, 'format', false) ? generation.format : 0),
    num(op, 'prio') << 16,
  ];
  const { queueSize, ignore } = generation;
  words[queueSize.word] = (words[queueSize.word] ?? 0) | ((queueShift(op) - SMALLEST_QUEUE) << queueSize.shift);
  if (flag(op, 'ignore', false)) words[ignore.word] = (words[ignore.word] ?? 0) | ignore.bit;
  return words.map((w) => w >>> 0);
}

/** What is observed of an END: word 1 field by field. */
export const shownEnd = (word1: number): Readonly<Record<string, number>> => ({
  esn: word1 >>> ESN_SHIFT,
  ese: (word1 >>> ESE_SHIFT) & 3,
  gen: (word1 >>> GENERATION_BIT) & 1,
  off: word1 & INDEX_MASK,
});

/** Bytes of words as qtest's `write` takes them. */
export const bytesOf = (words: readonly number[]): string =>
  `0x${words.map((w) => w.toString(16).padStart(8, '0')).join('')}`;

/** Word `n` of bytes as qtest's `read` gives them. */
export const wordOf = (bytes: string, n: number): number => Number.parseInt(bytes.slice(2 + 8 * n, 10 + 8 * n), 16);

/** The same as it is printed. */
export const shownWord = (bytes: string, n: number): string => hex(wordOf(bytes, n));
