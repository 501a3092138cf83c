// Operations and lines that nobody would write: exec answers every line, a scenario runs to its end, and nothing ever throws.

import { CORE_OPERATIONS, DEVICE_OPERATIONS } from '@virq/irq-core/machine';
import { bindScenario, checkScenario, runScenario } from '@virq/scenario';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { virq } from './__fixtures__/call.ts';
import { argumentsOf, type Operation } from './__fixtures__/random-arguments.ts';
import { BUILT_IN } from './backends.ts';
import { EXIT } from './io.ts';

const named = (table: unknown): [string, Operation][] => Object.entries(table as Readonly<Record<string, Operation>>);
const COMMON = [...named(CORE_OPERATIONS), ...BUILT_IN.flatMap((b) => named(b.vocabulary.operations))];

const operation = fc
  .constantFrom(...COMMON)
  .chain(([op, { args }]) => argumentsOf(args, 1).map((values) => JSON.stringify({ op, ...values })));
const line = fc.oneof(
  { weight: 30, arbitrary: operation },
  { weight: 1, arbitrary: fc.json({ maxDepth: 2 }).filter((text) => text.trim() !== '') },
  {
    weight: 1,
    arbitrary: fc
      .string({ minLength: 1, maxLength: 40 })
      .filter((text) => text.trim() !== '' && !/[\n\r\u2028\u2029]/.test(text)),
  },
);

describe('exec under any lines', () => {
  for (const irqchip of ['kernel', 'split', 'none'])
    it(`answers everything: irqchip ${irqchip}`, async () => {
      let done = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 60, size: 'max' }), async (lines) => {
          const input = [JSON.stringify({ op: 'vm', irqchip, vcpus: 2 }), ...lines].join('\n');
          const { code, out, err } = await virq(['exec', '--backend', 'x86-avic'], { input });
          expect({ code, err }).toEqual({ code: EXIT.OK, err: '' });
          const answers = out.trim().split('\n');
          expect(answers).toHaveLength(lines.length + 1);
          expect(out).not.toContain('VIRQ-M001');
          done += answers.filter((answer) => !answer.includes('"error"')).length;
        }),
        { numRuns: 80, seed: 1 },
      );
      expect(done).toBeGreaterThan(500);
    });
});

const DEVICES = [
  { name: 'a', host_irq: 5, msi: 4, msix: 4 },
  { name: 'b', host_irq: 5, disintx_works: false },
  { name: 'c', kind: 'platform', host_irq: 6 },
];

const vm = fc.constantFrom('red', 'blue');
const step = fc
  .constantFrom(...COMMON, ...named(DEVICE_OPERATIONS), ...named(DEVICE_OPERATIONS))
  .chain(([op, { args }]) => fc.record({ vm, [op]: argumentsOf(args, 0) }));
const item = fc.oneof(
  { weight: 8, arbitrary: step },
  {
    weight: 1,
    arbitrary: fc.record({
      concurrent: fc.array(fc.array(step, { minLength: 1, maxLength: 2 }), { minLength: 2, maxLength: 3 }),
    }),
  },
);

describe('scenarios of any operations', () => {
  const backends = new Map(BUILT_IN.map((b) => [b.name, b]));
  const vms = [
    { name: 'red', backend: 'x86-avic', vcpus: 2 },
    { name: 'blue', backend: 'x86-avic', irqchip: 'split' },
  ];

  it('run to their end, the same each time, or are refused with diagnostics', () => {
    let ran = 0;
    fc.assert(
      fc.property(fc.array(item, { minLength: 1, maxLength: 25, size: 'max' }), fc.nat(1000), (steps, seed) => {
        const parsed = checkScenario({ virq: 1, title: 't', vms, devices: DEVICES, steps });
        const { bound, diagnostics } = bindScenario(parsed, backends);
        expect(bound === null).toBe(diagnostics.length > 0);
        if (bound === null) return;
        ran++;
        const report = runScenario(bound, { seed });
        expect(report.steps).toHaveLength(steps.length);
        expect(JSON.parse(JSON.stringify(report))).toEqual(JSON.parse(JSON.stringify(runScenario(bound, { seed }))));
      }),
      { numRuns: 60, seed: 1 },
    );
    expect(ran).toBeGreaterThan(40);
  });
});
