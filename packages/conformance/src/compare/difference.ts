// Two results of one operation, field by field.

import type { Json } from '@virq/irq-core/machine';
import type { OracleResult } from '../oracle.ts';

/** One field in which the two sides differ. `undefined`: this side has no such field. */
export interface FieldDifference {
  /** `ret`, `out.vector`, `state.lapic[0].irr`. */
  readonly path: string;
  readonly model: Json | undefined;
  readonly oracle: Json | undefined;
}

const isObject = (v: unknown): v is Readonly<Record<string, Json>> =>
  typeof v === 'object' && v !== null && !Array.isArray(v);
/** Lists of numbers are one field: a bitmap reads better whole. */
const isList = (v: unknown): v is readonly Json[] => Array.isArray(v) && v.some((x) => typeof x === 'object');

function same(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((x, i) => x === b[i]);
}

function walk(found: FieldDifference[], path: string, model: Json | undefined, oracle: Json | undefined): void {
  if (isObject(model) && isObject(oracle)) {
    const keys = new Set([...Object.keys(model), ...Object.keys(oracle)]);
    for (const key of keys) walk(found, path === '' ? key : `${path}.${key}`, model[key], oracle[key]);
  } else if (isList(model) && isList(oracle)) {
    const length = Math.max(model.length, oracle.length);
    for (let i = 0; i < length; i++) walk(found, `${path}[${i}]`, model[i], oracle[i]);
  } else if (!same(model, oracle)) found.push({ path, model, oracle });
}

/** Every field in which two results differ, in the order of the model's fields. */
export function differences(model: OracleResult, oracle: OracleResult): FieldDifference[] {
  const found: FieldDifference[] = [];
  for (const key of ['ret', 'errno', 'out', 'state'] as const) walk(found, key, model[key], oracle[key]);
  return found;
}

/** A path without its indices and pin numbers: two differences of one shape are taken for the same. */
export const shapeOf = (path: string): string => path.replace(/\[\d+\]/g, '[]').replace(/\.\d+\b/g, '.*');
