// Recorded vectors as lines of JSON: who was recorded, then each operation with its result. A bare JSON array of operations is read too.

import { VirqError } from '@virq/irq-core/errors';
import type { Op, OracleResult, Provenance } from './oracle.ts';

/** First line of a recording. */
export interface RecordingHead extends Provenance {
  readonly schema: 'virq/vectors@1';
  /** When it was made, as its maker says. */
  readonly date: string;
  readonly backend: string;
}

/** The first line. */
export const headLine = (head: RecordingHead): string => `${JSON.stringify(head)}\n`;
/** One operation; the seed stands with the operation that makes the machine. */
export const resultLine = (op: Op, result: OracleResult, seed?: number): string =>
  `${JSON.stringify(seed === undefined ? { op, result } : { seed, op, result })}\n`;

const isOp = (v: unknown): v is Op =>
  typeof v === 'object' && v !== null && typeof (v as { op?: unknown }).op === 'string';

function parse(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new VirqError('VIRQ-X001', `${where} is not JSON: ${(error as Error).message}`);
  }
}

function operationOf(value: unknown, where: string): Op {
  const inner = (value as { op?: unknown } | null)?.op;
  if (isOp(value)) return value;
  if (isOp(inner)) return inner;
  throw new VirqError('VIRQ-X001', `${where} is no operation: it needs a string "op"`);
}

/** Operations of a file: a JSON array of them, or lines of a recording. Throws VIRQ-X001 with the place. */
export function readOperations(text: string, path: string): Op[] {
  if (text.trimStart().startsWith('[')) {
    const list = parse(text, path) as unknown[];
    return list.map((value, i) => operationOf(value, `${path}: operation ${i}`));
  }
  const lines = text.split('\n').map((line, i) => ({ line, where: `${path}:${i + 1}` }));
  const values = lines.filter(({ line }) => line.trim() !== '').map((l) => ({ ...l, value: parse(l.line, l.where) }));
  return values.filter(({ value }) => !isHead(value)).map(({ value, where }) => operationOf(value, where));
}

const isHead = (v: unknown): boolean => (v as { schema?: unknown } | null)?.schema === 'virq/vectors@1';
