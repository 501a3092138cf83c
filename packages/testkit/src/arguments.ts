// Random arguments for an operation, drawn from its declaration: every value it takes, and nothing else.

import type { ArgSpec } from '@virq/irq-core/machine';
import fc from 'fast-check';

/** Names that random operations use; they exist before the first one. */
export const NAMES: readonly string[] = ['a', 'b', 'c'];

function int(spec: { min?: number; max?: number }): fc.Arbitrary<number> {
  const { min = 0, max = 0xffffffff } = spec;
  const small = fc.integer({ min, max: Math.min(max, min + 31) });
  return fc.oneof({ arbitrary: small, weight: 4 }, { arbitrary: fc.integer({ min, max }), weight: 1 });
}

/** Values of one argument. */
export function argument(spec: ArgSpec): fc.Arbitrary<unknown> {
  switch (spec.type) {
    case 'int':
      return int(spec);
    case 'u64':
      return fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
    case 'bool':
      return fc.boolean();
    case 'enum':
      return fc.constantFrom(...spec.values);
    case 'name':
      return fc.constantFrom(...NAMES);
    case 'list':
      return fc.array(argument(spec.of), { maxLength: 4 });
    case 'object':
      return argumentsOf(spec.fields);
    case 'either':
      return fc.oneof(...spec.of.map(argument));
  }
}

/** Arguments of an operation; optional ones are sometimes left out. */
export function argumentsOf(specs: Readonly<Record<string, ArgSpec>>): fc.Arbitrary<Record<string, unknown>> {
  const required = Object.keys(specs).filter(
    (key) => specs[key]?.optional !== true && specs[key]?.default === undefined,
  );
  const model = Object.fromEntries(Object.entries(specs).map(([key, spec]) => [key, argument(spec)]));
  return fc.record(model, { requiredKeys: required });
}
