// Argument declarations shared by the x86 operations.

import type { ArgSpec } from '@virq/irq-core/machine';

export const int = (
  doc: string,
  more: { min?: number; max?: number; default?: number; optional?: boolean } = {},
): ArgSpec => ({
  type: 'int',
  doc,
  ...more,
});
export const bit = (doc: string, more: { default?: number; optional?: boolean } = {}): ArgSpec =>
  int(doc, { min: 0, max: 1, ...more });
export const vcpu: ArgSpec = int('vCPU index', { max: 1023, default: 0 });
export const list = (doc: string, max: number): ArgSpec => ({
  type: 'list',
  of: int('number', { max }),
  doc,
  optional: true,
});
