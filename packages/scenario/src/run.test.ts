import { describe, expect, it } from 'vitest';
import { backends, withSteps } from './__fixtures__/toy-backend.ts';
import { bindScenario } from './bind.ts';
import { END_PROPERTIES } from './end-properties.ts';
import { parseScenario } from './parse.ts';
import { type RunOptions, runScenario } from './run.ts';

function run(text: string, options?: RunOptions) {
  const { bound, diagnostics } = bindScenario(parseScenario(text), backends);
  expect(diagnostics).toEqual([]);
  return runScenario(bound as NonNullable<typeof bound>, options);
}

const ROUTE = '  - set_gsi_routing: { entries: [{ gsi: 3, type: irqchip, pin: 3 }] }\n';
const LEVEL = `${ROUTE}  - irqfd: { name: t, gsi: 3, resample: r }\n  - efd_write: { name: t }`;

describe('records', () => {
  const report = run(withSteps(`${LEVEL}\n  - { take: {}, note: the CPU looks }\n  - eoi: { pin: 3 }`));

  it('say who did what', () => {
    expect(report.steps.map((s) => `${s.step} ${s.vm} ${s.op}`)).toEqual([
      '1 a set_gsi_routing',
      '2 a irqfd',
      '3 a efd_write',
      '4 a take',
      '5 a eoi',
    ]);
    expect(report.steps[3]).toMatchObject({ note: 'the CPU looks', ret: 0, errno: null, out: { pin: 3 } });
  });

  it('carry the tracepoints of their step', () => {
    expect(report.steps.map((s) => s.events)).toEqual([
      [],
      [],
      ['kvm_set_irq: gsi=3 level=1 source=1', 'toy_set_pin: pin 3 level 1'],
      [],
      ['kvm_ack_irq: irqchip=0 pin=3', 'kvm_set_irq: gsi=3 level=0 source=1', 'toy_set_pin: pin 3 level 0'],
    ]);
  });

  it('name the state that changed', () => {
    expect(report.steps[3]?.changes).toEqual([{ path: 'a.chip.taken', before: 0, after: 1 }]);
    expect(report.steps[2]?.changes).toContainEqual({ path: 'a.chip.pending', before: [], after: [3] });
  });

  it('show an errno by name', () => {
    const [, bad] = run(withSteps(`${ROUTE}  - irqfd: { name: x, gsi: 3, flags: 64 }`)).steps;
    expect(bad).toMatchObject({ ret: -1, errno: 'EINVAL' });
  });

  it('are plain JSON', () => {
    const wide = run(withSteps("  - spoil: { value: '0xffffffffffffffff' }"));
    expect(JSON.parse(JSON.stringify(wide.steps))).toEqual(wide.steps);
    expect(wide.steps[0]?.args).toEqual({ value: '0xffffffffffffffff' });
  });
});

describe('a kernel that crashes', () => {
  const steps = '  - take: {}\n  - follow: {}\n  - take: {}';
  it('ends the run with a finding, not with an error of virq', () => {
    const { steps: done, violations, ok } = run(withSteps(steps));
    expect(done.map((s) => [s.op, s.errno, s.events])).toEqual([
      ['take', null, []],
      ['follow', 'EFAULT', ['kernel_crash: toy_follow follows a NULL cookie']],
    ]);
    expect([violations, ok]).toEqual([
      [{ property: 'no step fails', what: 'toy_follow follows a NULL cookie' }],
      false,
    ]);
  });

  it('among concurrent operations too', () => {
    const report = run(withSteps('  - concurrent: [[{ take: {} }], [{ follow: {} }]]'));
    expect(report.violations.map((v) => v.property)).toEqual(['no step fails']);
  });

  it('can be what a scenario shows', () => {
    expect(run(`${withSteps(steps)}expect: { violation: no step fails }\n`).ok).toBe(true);
  });
});

describe('expectations', () => {
  const rows: [string, string, string[]][] = [
    ['all met', '{ ret: 0, out: { pin: 3 }, state: { a.chip.taken: 1 }, no_events: [kvm_eoi] }', []],
    ['hex text for a number', "{ out: { pin: '0x3' }, state: { a.chip.taken: '0x1' } }", []],
    ['another result', '{ ret: EINVAL }', ['returned 0, expected "EINVAL"']],
    ['other output', '{ out: { pin: 4 } }', ['out.pin is 3, expected 4']],
    ['output that is not there', '{ out: { vector: 4 } }', ['out.vector is undefined, expected 4']],
    ['other state', '{ state: { a.chip.pending: [4] } }', ['a.chip.pending is [3], expected [4]']],
    ['an event that is missing', '{ events: [kvm_eoi] }', ["event 'kvm_eoi' is missing; there were: none"]],
  ];
  for (const [name, expect_, failures] of rows)
    it(name, () => {
      const report = run(withSteps(`${LEVEL}\n  - { take: {}, expect: ${expect_} }`));
      expect(report.steps.at(-1)?.failures).toEqual(failures);
      expect(report.ok).toBe(failures.length === 0);
    });

  it('events count in order, by the beginning of their line', () => {
    const expecting = (events: string): readonly string[] =>
      run(withSteps(`${ROUTE}  - { irq_line: { gsi: 3, level: 1 }, expect: { events: ${events} } }`)).steps[1]
        ?.failures ?? [];
    expect(expecting('[kvm_set_irq, "toy_set_pin: pin 3"]')).toEqual([]);
    expect(expecting('[toy_set_pin, kvm_set_irq]')).toHaveLength(1);
    expect(expecting('[kvm_set_irq, kvm_set_irq]')).toHaveLength(1);
  });

  it('an unwanted event is named', () => {
    const text = `${ROUTE}  - { irq_line: { gsi: 3, level: 1 }, expect: { no_events: [toy_set_pin] } }`;
    expect(run(withSteps(text)).failures).toEqual(["step 2: unexpected event 'toy_set_pin: pin 3 level 1'"]);
  });

  it('registers of 64 bits compare at full size', () => {
    const end = (value: string): readonly string[] =>
      run(
        withSteps('  - spoil: {}', `expect: { violation: the cookie is whole, state: { a.chip.cookie: '${value}' } }`),
      ).failures;
    expect(end('0x123456789abcdef0')).toEqual([]);
    expect(end('0x123456789abcdef1')).toHaveLength(1);
  });

  it('counts of events cover the whole run', () => {
    const counted = (n: number): readonly string[] =>
      run(withSteps(LEVEL, `expect: { events: { 'toy_set_pin: pin 3': ${n} } }`)).failures;
    expect(counted(1)).toEqual([]);
    expect(counted(2)).toEqual(["event 'toy_set_pin: pin 3' occurred 1 times, expected 2"]);
  });
});

describe('properties at the end', () => {
  const DEVICES = 'devices: [{ name: d, host_irq: 5, msix: 2 }]\n';
  const device = (steps: string, more = ''): string => withSteps(steps, `${DEVICES}${more}`);
  const violated = (text: string): string[] => run(text).violations.map((v) => v.property);
  const [stuck, unheard, disabled] = END_PROPERTIES.map((p) => p.name);
  const INTX = '  - device_open: { device: d }\n  - vfio_intx: { device: d, trigger: t, unmask: r }\n';

  it('a device that nobody will unmask', () => {
    const plain = `${ROUTE}  - irqfd: { name: t, gsi: 3 }\n  - device_open: { device: d }\n  - vfio_intx: { device: d, trigger: t }\n  - device_assert: { device: d }`;
    expect(violated(device(plain))).toEqual([stuck]);
  });

  it('is no violation with a resamplefd, before and after the EOI', () => {
    const text = `${ROUTE}  - irqfd: { name: t, gsi: 3, resample: r }\n${INTX}  - device_assert: { device: d }`;
    expect(violated(device(text))).toEqual([]);
    expect(violated(device(`${text}\n  - device_deassert: { device: d }\n  - eoi: { pin: 3 }`))).toEqual([]);
  });

  it('an MSI before the irqfd waits; binding the irqfd takes it', () => {
    const early =
      '  - device_open: { device: d }\n  - vfio_msi: { device: d, triggers: [t, u] }\n  - device_msi: { device: d, vector: 1 }';
    expect(run(device(early)).violations).toEqual([
      { property: unheard, what: 'd signalled vector 1 1 times, and no irqfd is bound to its eventfd' },
    ]);
    expect(violated(device(`${early}\n${ROUTE}  - irqfd: { name: u, gsi: 3 }`))).toEqual([]);
  });

  it('a line that nobody serves', () => {
    expect(disabled).toBe('no host line is disabled because nobody cared');
    expect(violated(withSteps('  - take: {}'))).toEqual([]);
  });

  it('a property of the backend', () => {
    expect(run(withSteps('  - spoil: {}')).violations).toEqual([{ property: 'the cookie is whole', what: 'VM a' }]);
    expect(run(withSteps('  - spoil: {}')).ok).toBe(false);
  });

  it('an expected violation is as expected, and its absence is not', () => {
    const more = 'expect: { violation: the cookie is whole }';
    expect(run(withSteps('  - spoil: {}', more)).ok).toBe(true);
    expect(run(withSteps('  - take: {}', more)).failures).toEqual([
      '"the cookie is whole" was to be violated, but it holds',
    ]);
  });
});

describe('concurrent steps', () => {
  const race = withSteps(
    `${ROUTE}  - irqfd: { name: t, gsi: 3 }
  - concurrent:
      - - efd_write: { name: t }
      - - set_gsi_routing: { entries: [{ gsi: 3, type: irqchip, pin: 4 }] }
    note: both at once`,
  );

  it('deliver once on the old or the new route, whatever the seed', () => {
    const pins = new Set<string>();
    for (let seed = 0; seed < 60; seed++) {
      const raised = run(race, { seed }).steps[2]?.events.filter((e) => /^toy_set_pin: pin \d level 1$/.test(e)) ?? [];
      expect(raised).toHaveLength(1);
      pins.add(raised[0] as string);
    }
    expect([...pins].sort()).toEqual(['toy_set_pin: pin 3 level 1', 'toy_set_pin: pin 4 level 1']);
  });

  it('are repeated exactly by seed and by schedule string', () => {
    const first = run(race, { seed: 11 });
    expect(run(race, { seed: 11 })).toEqual(first);
    expect(run(race, { schedule: first.schedule as string }).steps).toEqual(first.steps);
  });

  it('in several rounds are repeated exactly, too', () => {
    const write = '{ efd_write: { name: t } }';
    const route = (n: number): string => `{ set_gsi_routing: { entries: [{ gsi: 3, type: irqchip, pin: ${n} }] } }`;
    const rounds = `  - concurrent: [[${write}, ${route(2)}], [${route(4)}, ${write}]]\n  - concurrent: [[${write}], [${route(5)}]]`;
    const text = withSteps(`${ROUTE}  - irqfd: { name: t, gsi: 3 }\n${rounds}`);
    for (let seed = 0; seed < 40; seed++) {
      const first = run(text, { seed });
      expect(first.schedule?.split('/')).toHaveLength(3);
      expect(run(text, { schedule: first.schedule as string }).steps).toEqual(first.steps);
    }
  });

  it('a broken schedule string is refused even if nothing is concurrent', () => {
    const broken = { schedule: 's1.x' };
    expect(() => run(withSteps('  - take: {}'), broken)).toThrow(expect.objectContaining({ code: 'VIRQ-P001' }));
    expect(run(withSteps('  - take: {}')).schedule).toBeNull();
  });

  it('say in which order they moved', () => {
    const step = run(race).steps[2];
    expect(step?.op).toBe('concurrent');
    expect(step?.note).toBe('both at once (efd_write ∥ set_gsi_routing)');
    expect(step?.interleaving.length).toBeGreaterThan(2);
  });

  it('a schedule of another scenario is refused with VIRQ-P002', () => {
    expect(() => run(race, { schedule: 's1.9*9' })).toThrow(expect.objectContaining({ code: 'VIRQ-P002' }));
  });
});
