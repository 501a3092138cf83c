// Random arguments for operations, mostly as declared, sometimes anything at all.

import type { ArgSpec } from '@virq/irq-core/machine';
import fc from 'fast-check';

/** An operation as far as its arguments go. */
export type Operation = { readonly args: Readonly<Record<string, ArgSpec>> };
const anything = fc.oneof(
  fc.constantFrom<unknown>(-1, 2 ** 53, 1.5, '0xffffffffffffffffff', '', 'e', true, null, [], {}, [[]]),
  fc.jsonValue({ maxDepth: 2 }),
);

const INTERESTING = [0, 1, 2, 5, 10, 16, 23, 24, 0x41, 0xff, 0x1ff, 0xfee00000, 0xfec00000, 0xffffffff];

/** `junk`: how often of 40 values one is not as declared. */
function fitting(spec: ArgSpec, junk: number): fc.Arbitrary<unknown> {
  switch (spec.type) {
    case 'int': {
      const { min = 0, max = 0xffffffff } = spec;
      const known = INTERESTING.filter((n) => n >= min && n <= max);
      return fc.oneof(fc.integer({ min, max: Math.min(max, min + 300) }), fc.constantFrom(max, ...known));
    }
    case 'u64':
      return fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }).map((n) => `0x${n.toString(16)}`);
    case 'bool':
      return fc.boolean();
    case 'enum':
      return fc.constantFrom(...spec.values);
    case 'name':
      return fc.constantFrom('a', 'b', 'c', ...(spec.of === 'a device' ? [] : ['lapic', '/dev/null', '-1']));
    case 'list':
      return fc.array(given(spec.of, junk), { maxLength: 4 });
    case 'object':
      return argumentsOf(spec.fields, junk);
    case 'either':
      return fc.oneof(...spec.of.map((of) => given(of, junk)));
  }
}

const given = (spec: ArgSpec, junk: number): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 40, arbitrary: fitting(spec, junk) }, { weight: junk, arbitrary: anything });

/** Arguments of an operation; of 40 values, `junk` are not such as it declares. */
export const argumentsOf = (specs: Operation['args'], junk: number): fc.Arbitrary<object> =>
  fc.record(Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, given(spec, junk)])), {
    requiredKeys: Object.keys(specs).filter((name) => specs[name]?.optional !== true),
  });
