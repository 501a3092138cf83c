// --seeds: how many, or from which to which.

import { UsageError } from '../io.ts';

const DEFAULT = 10;
const MOST = 100_000;

/** `7` is 1 to 7, `3..9` is 3 to 9. */
export function seedsOf(text: string | undefined): number[] {
  const [, from, to] = /^(?:(\d{1,9})\.\.)?(\d{1,9})$/.exec(text ?? String(DEFAULT)) ?? [];
  const [first, last] = [Number(from ?? 1), Number(to)];
  if (to === undefined || last < first || last - first >= MOST)
    throw new UsageError(
      'VIRQ-C001',
      `--seeds takes a number or a range, not '${text}'`,
      'for example --seeds 20 or --seeds 3..9',
    );
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}
