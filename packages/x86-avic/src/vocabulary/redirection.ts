// A redirection entry as an argument: the 64-bit value, or its fields by name.

import type { ArgSpec } from '@virq/irq-core/machine';
import { bit, int } from './args.ts';

/** The argument. */
export const REDIRECTION_ENTRY: ArgSpec = {
  type: 'either',
  doc: 'the entry: 64-bit value, or its fields',
  of: [
    { type: 'u64', doc: 'value' },
    {
      type: 'object',
      doc: 'fields',
      fields: {
        vec: int('vector', { max: 255, default: 0 }),
        dm: int('delivery mode', { max: 7, default: 0 }),
        logical: bit('logical destination', { default: 0 }),
        pol: bit('polarity', { default: 0 }),
        level: bit('level-triggered', { default: 0 }),
        mask: bit('masked', { default: 0 }),
        dest: int('destination', { max: 255, default: 0 }),
      },
    },
  ],
};

/** The entry's 64 bits. */
export function redirection(value: unknown): bigint {
  if (typeof value === 'bigint') return value;
  const f = value as Readonly<Record<string, number>>;
  const bits = (key: string, at: number): number => ((f[key] ?? 0) << at) >>> 0;
  const low =
    bits('vec', 0) | bits('dm', 8) | bits('logical', 11) | bits('pol', 13) | bits('level', 15) | bits('mask', 16);
  return (BigInt(f['dest'] ?? 0) << 56n) | BigInt(low >>> 0);
}
