// The part of a generated explorer that keeps hashes instead of states: the log is then the stack of a depth-first search.

import type { Group } from './images.ts';

/** Appends the state n0, n1, … to the log and judges it. */
export const appendCode = (n: readonly string[]): string => `
  if (p === SE) { S = host.nextSegment(); SE = S.length; p = 0; }
  ${n.map((w, k) => `S[p + ${k}] = ${w};`).join(' ')}
  p += ${n.length};
  count++;
  if (check(${n.join(', ')}) === 0) host.suspect(count - 1);`;

/** What the lanes of the initial state are: anything that looks random. */
const [LOW, HIGH] = [0x2545f491, 0x5bd1e995];

/** Inserts a state unless the host knows its hash: two lanes, each the sum of what the fields contribute. */
export function hashedStoreCode(n: readonly string[], groups: readonly Group[]): string {
  const tables = groups.map((_, i) => `H${i} = host.hash[${i}]`);
  const lanes = groups.map(
    (g, i) =>
      `e = ((n${g.word} >>> ${g.shift}) & ${2 ** g.bits - 1}) * 2; lo = (lo + H${i}[e]) | 0; hi = (hi + H${i}[e + 1]) | 0;`,
  );
  return `const ${['add = host.add', ...tables].join(', ')}, rehash = null;
function insert(${n.join(', ')}) {
  let lo = ${LOW}, hi = ${HIGH}, e = 0;
  ${lanes.join('\n  ')}
  if (!add(lo, hi)) return;
  ${appendCode(n)}
}
function reinsert() {}`;
}
