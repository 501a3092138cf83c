// From a path such as ['steps', 2, 'irq_line'] to the place in the YAML text where it stands.

import { isMap, isNode, isPair, isSeq, type LineCounter, type Node, type Pair } from 'yaml';

/** A stretch of text. Lines and columns count from 1; the end is exclusive. */
export interface Place {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/** Where nothing is known: a scenario that was not read from text. */
export const NOWHERE: Place = { line: 0, column: 0, endLine: 0, endColumn: 0 };

type Range = readonly [number, number];

/** Range of a scalar, or the first character of a collection. */
function rangeOf(node: Node): Range | null {
  if (!node.range) return null;
  return isMap(node) || isSeq(node) ? [node.range[0], node.range[0] + 1] : [node.range[0], node.range[1]];
}

const pairAt = (map: Node, key: PropertyKey): Pair | undefined =>
  isMap(map) ? map.items.find((p) => isPair(p) && String(p.key) === String(key)) : undefined;

/** One key further down: what stands there, and its range. Undefined if there is nothing. */
function descend(node: Node, key: PropertyKey): { value: unknown; range: Range | null } | undefined {
  const pair = pairAt(node, key);
  if (pair !== undefined) return { value: pair.value, range: isNode(pair.key) ? rangeOf(pair.key) : null };
  const item = isSeq(node) ? node.items[Number(key)] : undefined;
  return isNode(item) ? { value: item, range: rangeOf(item) } : undefined;
}

/**
 * Range of the scalar at a path; of its key, when `key` asks for it or the value is a collection; of the nearest ancestor that
 * exists, when the path does not.
 */
export function locate(root: Node | null, path: readonly PropertyKey[], key: boolean): Range {
  let node: unknown = root;
  let range: Range = (root !== null && rangeOf(root)) || [0, 0];
  for (const [depth, part] of path.entries()) {
    const found = isNode(node) ? descend(node, part) : undefined;
    if (found === undefined) return range;
    range = found.range ?? range;
    node = found.value;
    const last = depth === path.length - 1;
    if (last && !key && isNode(node) && !isMap(node) && !isSeq(node)) range = rangeOf(node) ?? range;
  }
  return range;
}

/** Offsets as lines and columns. */
export function placeOf(lines: LineCounter, [from, to]: Range): Place {
  const [a, b] = [lines.linePos(from), lines.linePos(Math.max(from, to))];
  return { line: Math.max(1, a.line), column: Math.max(1, a.col), endLine: b.line, endColumn: b.col };
}
