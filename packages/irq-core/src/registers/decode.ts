// Which register lies at an offset: for traces and for the messages of guest errors.

import { geometryOf, spanOf } from './geometry.ts';
import type { RegisterMap } from './register-map.ts';

/** A register by name, and the element of an array register (0 otherwise). */
export interface Decoded<R extends string = string> {
  readonly register: R;
  readonly index: number;
}

/**
 * Register and first element that lie at a byte offset, null for a hole. The padding behind the last element of an array belongs
 * to its last word; the index is then `count` or more.
 */
export function decodeOffset<R extends string>(map: RegisterMap<R>, offset: number): Decoded<R> | null {
  for (const register of Object.keys(map.rows) as R[]) {
    const spec = map.rows[register];
    const within = offset - spec.at;
    if (within < 0 || within >= spanOf(spec)) continue;
    const { bits, perUnit, stride, unitBytes } = geometryOf(spec);
    const inUnit = within % stride;
    if (inUnit >= unitBytes) continue;
    return { register, index: Math.floor(within / stride) * perUnit + Math.floor((inUnit * 8) / bits) };
  }
  return null;
}
