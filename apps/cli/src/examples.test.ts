// Every example runs as it says, under many schedules where it has concurrent parts.

import { readdirSync, readFileSync } from 'node:fs';
import { bindScenario, COST_KINDS, modesOf, parseScenario, runScenario } from '@virq/scenario';
import { describe, expect, it } from 'vitest';
import { virq } from './__fixtures__/call.ts';
import { BUILT_IN, PARTS } from './backends.ts';

const DIR = new URL('../../../examples/', import.meta.url);
const backends = new Map(BUILT_IN.map((backend) => [backend.name, backend as never]));

const text = (name: string): string => readFileSync(new URL(name, DIR), 'utf8');
const bind = (name: string, mode?: string) => bindScenario(parseScenario(text(name)), backends, PARTS, mode);
/** A name and each of its modes; no mode for most. */
const inModes = (name: string): readonly (readonly [string, string | undefined])[] => {
  const { scenario } = parseScenario(text(name));
  const modes = scenario === null ? [] : modesOf(scenario);
  return modes.length === 0 ? [[name, undefined]] : modes.map((mode) => [name, mode] as const);
};
const NAMES = readdirSync(DIR).filter((f) => f.endsWith('.yaml'));

describe('examples', () => {
  for (const [name, mode] of NAMES.filter((n) => !/^ {2}model:/m.test(text(n))).flatMap(inModes))
    it(mode === undefined ? name : `${name} in mode ${mode}`, () => {
      const { bound, diagnostics } = bind(name, mode);
      expect(diagnostics).toEqual([]);
      const report = runScenario(bound as NonNullable<typeof bound>);
      expect(report.failures).toEqual([]);
    });

  it.each(NAMES.filter((n) => /^concurrent:/m.test(text(n))))('%s is as expected in every order', async (name) => {
    expect((await virq(['check', `examples/${name}`])).code).toBe(0);
  });

  const costsOf = (name: string, mode: string): unknown => {
    const { bound } = bind(name, mode);
    const { counts, taken, reasons } = runScenario(bound as NonNullable<typeof bound>).costs;
    const nonzero = COST_KINDS.map(({ name }, i) => [name, counts[i]] as const).filter(([, n]) => n !== 0);
    return { taken, ...Object.fromEntries(nonzero), ...reasons };
  };

  // Three interrupts, one of them to a vCPU that has ceded: H_XIRR and H_EOI each, and one H_CEDE; a host interrupt each where VFIO signals, and the escalation.
  it.each([
    ['xics', { exits: 7, hypercalls: 7, 'wake-ups': 1, 'host interrupts': 4 }],
    ['xics-passthrough', { exits: 7, hypercalls: 7, 'wake-ups': 1, 'host interrupts': 1 }],
    ['native', { exits: 1, hypercalls: 1, 'wake-ups': 1, 'host interrupts': 4 }],
    ['native-passthrough', { exits: 1, hypercalls: 1, 'wake-ups': 1, 'host interrupts': 1 }],
  ])(
    'an interrupt of a pseries guest costs hypercalls in XICS mode, and host interrupts where it is not passed through: %s',
    (mode, costs) => expect(costsOf('costs-power.yaml', mode)).toEqual({ taken: 3, ...costs, SYSCALL: costs.exits }),
  );

  // Two interrupts, the second to a vCPU in WFI. A kick to the one that runs; a maintenance interrupt at the end of each that is a level, and trapped the handler's store.
  it.each([
    ['trapped', { exits: 6, 'user exits': 2, kicks: 1, IRQ: 3, DABT_LOW: 2 }],
    ['resampled', { exits: 4, 'host interrupts': 2, kicks: 1, IRQ: 3 }],
    ['msi', { exits: 2, 'host interrupts': 2, kicks: 1, IRQ: 1 }],
    ['vlpi-v4', { exits: 1, 'host interrupts': 1 }],
    ['vlpi-v4.1', { exits: 1, 'host interrupts': 1 }],
  ])(
    'an interrupt of an Arm guest costs exits and host interrupts, but none as a vLPI to a vCPU that runs: %s',
    (mode, costs) => expect(costsOf('costs-arm.yaml', mode)).toEqual({ taken: 2, 'wake-ups': 1, WFx: 1, ...costs }),
  );

  it('an input that is driven again and again waits for a vCPU that is on its way in, and starts nothing of its own', async () => {
    const scenario = `virq: 1
title: an input at any moment
vms: [{ name: guest, backend: arm-vgic, nr_irqs: 64, nr_lr: 1, frames: 1 }]
steps: [{ d: { reg: CTLR, value: 2 } }, { cpu_setup: {} }, { irq_setup: { intid: 40 } }]
concurrent:
  processes:
    - { name: vcpu, does: [vcpu_run: {}, vcpu_exit: {}], times: 2 }
    - { name: user, does: [irq_line: { irq: 40, level: 1 }, irq_line: { irq: 40, level: 0 }], times: 6 }
  properties:
    - { sometimes: the guest has it, holds: 'guest.chip.interfaces[0].lrs[0].state == 1' }
    - { always: its list has it once, holds: 'guest.chip.irqs.apLists[0].count <= 1' }
  expect: ok
`;
    expect(await virq(['check', '-'], { input: scenario })).toMatchObject({ code: 0 });
  });

  it('the routing race holds under 100 seeds and both vectors occur', () => {
    const { bound } = bind('routing-race.yaml');
    const seen = new Set<string>();
    for (let seed = 0; seed < 100; seed++) {
      const report = runScenario(bound as NonNullable<typeof bound>, { seed });
      expect(report.failures).toEqual([]);
      const accepts =
        report.steps.find((s) => s.op === 'concurrent')?.events.filter((e) => e.startsWith('kvm_apic_accept_irq')) ??
        [];
      expect(accepts).toHaveLength(1);
      seen.add(accepts[0] as string);
    }
    expect(seen.size).toBe(2);
  });

  it('the same seed gives the same report, and its schedule replays it', () => {
    const { bound } = bind('routing-race.yaml');
    const first = runScenario(bound as NonNullable<typeof bound>, { seed: 7 });
    expect(runScenario(bound as NonNullable<typeof bound>, { seed: 7 })).toEqual(first);
    const again = runScenario(bound as NonNullable<typeof bound>, { schedule: first.schedule as string });
    expect(again.steps).toEqual(first.steps);
  });
});
