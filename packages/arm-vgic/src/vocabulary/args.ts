// Arguments and answers of the Arm operations.

import type { ArgSpec, Args } from '@virq/irq-core/machine';

export const int = (
  doc: string,
  more: { min?: number; max?: number; default?: number; optional?: boolean } = {},
): ArgSpec => ({ type: 'int', doc, ...more });

/** A numeric argument. */
export const n = (args: Args, key: string): number => args[key] as number;
/** A value as answers show it. */
export const hex = (v: bigint | number): string => `0x${v.toString(16)}`;
