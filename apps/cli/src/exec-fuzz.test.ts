// `virq exec` under lines that nobody would write: one answer per line, exit code 0, whatever they say.

import { CORE_OPERATIONS } from '@virq/irq-core/machine';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { virq } from './__fixtures__/call.ts';
import { BUILT_IN } from './backends.ts';
import { EXIT } from './io.ts';

const specs = [CORE_OPERATIONS, ...BUILT_IN.map((b) => b.vocabulary.operations)].flatMap((table) =>
  Object.entries(table as Readonly<Record<string, { readonly args: object }>>),
);

const number = fc.oneof(
  fc.constantFrom(0, 1, 5, 10, 23, 24, 255, 0xfee00000, 0xffffffff, -1, 2 ** 53, 1.5, '0x41', '0xffffffffffffffff'),
  fc.integer({ min: 0, max: 300 }),
);
const value = fc.oneof(
  { weight: 6, arbitrary: number },
  { weight: 2, arbitrary: fc.constantFrom('e', '', true, false, null, 'ioapic', 'mmio', [], {}, ['e'], [[]]) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
);
/** An operation that exists, with some of its own arguments. */
const operation = fc
  .constantFrom(...specs)
  .chain(([op, { args }]) =>
    fc
      .record(Object.fromEntries(Object.keys(args).map((name) => [name, value])), { requiredKeys: [] })
      .map((given) => JSON.stringify({ op, ...given })),
  );
const line = fc.oneof(
  { weight: 12, arbitrary: operation },
  { weight: 1, arbitrary: fc.json({ maxDepth: 2 }).filter((text) => text.trim() !== '') },
  {
    weight: 1,
    arbitrary: fc
      .string({ minLength: 1, maxLength: 40 })
      .filter((text) => text.trim() !== '' && !/[\n\r\u2028\u2029]/.test(text)),
  },
);

describe('exec', () => {
  for (const irqchip of ['kernel', 'split', 'none'])
    it(`answers everything: irqchip ${irqchip}`, async () => {
      let done = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 60 }), async (lines) => {
          const input = [JSON.stringify({ op: 'vm', irqchip, vcpus: 2 }), ...lines].join('\n');
          const { code, out, err } = await virq(['exec', '--backend', 'x86-avic'], { input });
          expect({ code, err }).toEqual({ code: EXIT.OK, err: '' });
          const answers = out.trim().split('\n');
          expect(answers).toHaveLength(lines.length + 1);
          done += answers.filter((answer) => !answer.includes('"error"')).length;
        }),
        { numRuns: Number(process.env['RUNS'] ?? 120) },
      );
      console.log(done);
    });
});
