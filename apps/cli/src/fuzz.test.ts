// Operations and lines that nobody would write: exec answers every line, a scenario runs to its end, and nothing ever throws.

import { VirqError } from '@virq/irq-core/errors';
import { CORE_OPERATIONS, DEVICE_OPERATIONS } from '@virq/irq-core/machine';
import { bindScenario, checkScenario, runScenario } from '@virq/scenario';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { virq } from './__fixtures__/call.ts';
import { argumentsOf, type Operation } from './__fixtures__/random-arguments.ts';
import { BUILT_IN } from './backends.ts';
import { EXIT } from './io.ts';

const named = (table: unknown): [string, Operation][] => Object.entries(table as Readonly<Record<string, Operation>>);
const backendOf = (name: string) => BUILT_IN.find((b) => b.name === name) as (typeof BUILT_IN)[number];
/** Operations of a backend and the core's. */
const common = (backend: string): [string, Operation][] => [
  ...named(CORE_OPERATIONS),
  ...named(backendOf(backend).vocabulary.operations),
];

const lineOf = (operations: readonly [string, Operation][]) =>
  fc.oneof(
    {
      weight: 30,
      arbitrary: fc
        .constantFrom(...operations)
        .chain(([op, { args }]) => argumentsOf(args, 1).map((values) => JSON.stringify({ op, ...values }))),
    },
    { weight: 1, arbitrary: fc.json({ maxDepth: 2 }).filter((text) => text.trim() !== '') },
    {
      weight: 1,
      arbitrary: fc
        .string({ minLength: 1, maxLength: 40 })
        .filter((text) => text.trim() !== '' && !/[\n\r\u2028\u2029]/.test(text)),
    },
  );

describe('exec under any lines', () => {
  it.each([
    ['x86-avic', { irqchip: 'kernel', vcpus: 2 }],
    ['x86-avic', { irqchip: 'split', vcpus: 2 }],
    ['x86-avic', { irqchip: 'none', vcpus: 2 }],
    ['ppc-xive', { dev: 'xive', cpus: 2 }],
    ['ppc-xive', { dev: 'xics', cpus: 2 }],
    ['ppc-xive', { ic_mode: 'dual', cpus: 2 }],
    ['arm-vgic', { gic: 2, cpus: 2 }],
    ['arm-vgic', { gic: 3, cpus: 2, its: true, vgic: '6.1' }],
    ['arm-vgic', { gic: 3, cpus: 2, its: true, vgic: '7.3', cpuif_traps: true }],
    ['arm-vgic', { gic: 0, cpus: 2, online: 1, init: false }],
  ])('answers everything: %s %j', async (backend, options) => {
    let done = 0;
    const lines = fc.array(lineOf(common(backend)), { minLength: 1, maxLength: 60, size: 'max' });
    await fc.assert(
      fc.asyncProperty(lines, async (all) => {
        const input = [JSON.stringify({ op: 'vm', ...options }), ...all].join('\n');
        const { code, out, err } = await virq(['exec', '--backend', backend], { input });
        expect({ code, err }).toEqual({ code: EXIT.OK, err: '' });
        const answers = out.trim().split('\n');
        expect(answers).toHaveLength(all.length + 1);
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

/** A step of a scenario, or several at once. */
function itemOf(backend: string) {
  const step = fc
    .constantFrom(...common(backend), ...named(DEVICE_OPERATIONS), ...named(DEVICE_OPERATIONS))
    .chain(([op, { args }]) => fc.record({ vm, [op]: argumentsOf(args, 0) }));
  const concurrent = fc.array(fc.array(step, { minLength: 1, maxLength: 2 }), { minLength: 2, maxLength: 3 });
  return fc.oneof({ weight: 8, arbitrary: step }, { weight: 1, arbitrary: fc.record({ concurrent }) });
}

/** Null when the machine was made too small for what is asked of it, which it says with a code of its own. */
function withRoom<T>(run: () => T): T | null {
  try {
    return run();
  } catch (error) {
    if (error instanceof VirqError && /^VIRQ-P10\d$/.test(error.code)) return null;
    throw error;
  }
}

describe('scenarios of any operations', () => {
  const backends = new Map(BUILT_IN.map((b) => [b.name, b]));

  it.each([
    ['x86-avic', 60, { vcpus: 2 }, { irqchip: 'split' }, {}],
    ['ppc-xive', 20, { cpus: 2 }, { ic_mode: 'dual', cpus: 2 }, {}],
    ['arm-vgic', 20, { gic: 2, cpus: 2 }, { cpus: 2, its: true }, { gic: 'v4.1' }],
  ])(
    'run to their end, the same each time, or are refused with diagnostics: %s',
    (backend, numRuns, red, blue, host) => {
      const vms = [
        { name: 'red', backend, ...red },
        { name: 'blue', backend, ...blue },
      ];
      let ran = 0;
      fc.assert(
        fc.property(
          fc.array(itemOf(backend), { minLength: 1, maxLength: 25, size: 'max' }),
          fc.nat(1000),
          (steps, seed) => {
            const parsed = checkScenario({ virq: 1, title: 't', vms, host, devices: DEVICES, steps });
            const { bound, diagnostics } = bindScenario(parsed, backends);
            expect(bound === null).toBe(diagnostics.length > 0);
            if (bound === null) return;
            ran++;
            const report = withRoom(() => runScenario(bound, { seed }));
            if (report === null) return;
            expect(report.steps).toHaveLength(steps.length);
            expect(JSON.parse(JSON.stringify(report))).toEqual(
              JSON.parse(JSON.stringify(runScenario(bound, { seed }))),
            );
          },
        ),
        { numRuns, seed: 1 },
      );
      expect(ran).toBeGreaterThan((numRuns * 2) / 3);
    },
  );
});
