// A pseries guest moves to another VM: it sees the same interrupts, none lost and none twice. QEMU: hw/intc/spapr_xive_kvm.c; Linux: Documentation/virt/kvm/devices/xive.rst, xics.rst.

import { EINVAL } from '@virq/irq-core/errors';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type TestVm, testVm } from '../guest/__fixtures__/vm.ts';

const MSI = [0x1300, 0x1301, 0x1302];
const LSI = 0x1200;
const MODES = ['xive', 'xics'] as const;

/** Two VMs; a guest with two CPUs runs in the first, its MSIs spread over both. */
function pair(mode: (typeof MODES)[number], host: Readonly<Record<string, unknown>> = {}): TestVm {
  const t = testVm({ vms: 2, vm: { ic_mode: 'dual' }, host: { threads: 4, frames: 256, ...host } });
  expect(t.op('guest_boot', { mode }).ret).toBe(0);
  for (const [i, lisn] of MSI.entries()) {
    t.op('claim_irq', { lisn });
    expect(t.op('guest_irq_startup', { lisn, target: i % 2 }).ret).toBe(0);
  }
  t.op('claim_irq', { lisn: LSI, lsi: 1 });
  t.op('guest_irq_startup', { lisn: LSI, target: 0 });
  return t;
}

/** QEMU's order: memory, stop, what has become dirty, state, and the other side runs. */
function migrate(t: TestVm): void {
  const rcs = [
    t.op('migrate_ram', { to: 1, pass: 'all' }),
    t.op('vm_stop'),
    t.op('migrate_ram', { to: 1, pass: 'dirty' }),
    t.op('migrate_state', { to: 1 }),
    t.op('vm_resume', {}, 1),
  ];
  expect(rcs.map(({ ret }) => ret)).toEqual([0, 0, 0, 0, 0]);
}

const served = (t: TestVm, cpu: number, vm: number): number[] => t.out('guest_serve', { cpu }, vm)['irqs'] as number[];
const both = (t: TestVm, vm: number): number[] => [...served(t, 0, vm), ...served(t, 1, vm)].sort();

describe.each(MODES)('F-30 F-33 F-34 F-38 F-55 migration in %s mode', (mode) => {
  it('interrupts that wait in queues and that are being served all arrive', () => {
    const t = pair(mode);
    t.op('qemu_irq', { lisn: MSI[0] });
    expect(t.out('guest_interrupt', { cpu: 0 })['irq']).toBe(17);
    t.op('qemu_irq', { lisn: MSI[1] });
    t.op('migrate_ram', { to: 1, pass: 'all' });
    t.op('qemu_irq', { lisn: MSI[0] });
    t.op('qemu_irq', { lisn: MSI[2] });
    t.op('vm_stop');
    t.op('migrate_ram', { to: 1, pass: 'dirty' });
    expect(t.op('migrate_state', { to: 1 }).ret).toBe(0);
    t.op('vm_resume', {}, 1);
    expect([t.op('guest_serve', { cpu: 0 }).ret, t.op('guest_eoi', { cpu: 0, irq: 17 }, 1).ret]).toEqual([-EINVAL, 0]);
    expect(both(t, 1)).toEqual([17, 18, 19]);
    for (const lisn of MSI) t.op('qemu_irq', { lisn }, 1);
    expect(both(t, 1)).toEqual([17, 18, 19]);
  });

  it('an LSI that is asserted comes again on the other side, until it is lowered there', () => {
    const t = pair(mode);
    t.op('qemu_irq', { lisn: LSI, level: 1 });
    expect(t.out('guest_interrupt', { cpu: 0 })['irq']).toBe(20);
    migrate(t);
    t.op('guest_eoi', { cpu: 0, irq: 20 }, 1);
    expect(t.out('guest_interrupt', { cpu: 0 }, 1)['irq']).toBe(20);
    t.op('qemu_irq', { lisn: LSI, level: 0 }, 1);
    t.op('guest_eoi', { cpu: 0, irq: 20 }, 1);
    // XICS restores an LSI that is pending with Q set, and H_EOI triggers for Q and for the level: one interrupt more, for nothing.
    expect(both(t, 1)).toEqual(mode === 'xive' ? [] : [20]);
    expect(both(t, 1)).toEqual([]);
  });

  it('a vCPU that has ceded wakes on the other side', () => {
    const t = pair(mode);
    t.op('guest_cede', { cpu: 1 });
    migrate(t);
    t.op('guest_cede', { cpu: 1 }, 1);
    t.op('qemu_irq', { lisn: MSI[1] }, 1);
    expect(served(t, 1, 1)).toEqual([18]);
  });

  it('the VM that was left can go on instead', () => {
    const t = pair(mode);
    t.op('vm_stop');
    t.op('qemu_irq', { lisn: MSI[0] });
    t.op('vm_resume');
    expect(both(t, 0)).toEqual([17]);
  });
});

describe('F-30 F-58 the order of a migration in XIVE mode', () => {
  it('F-30 what hardware writes into a queue is in no dirty log: without EQ_SYNC after the last event it is lost', () => {
    const t = pair('xive');
    t.op('migrate_ram', { to: 1, pass: 'all' });
    t.op('qemu_irq', { lisn: MSI[0] });
    // The pass that should come after the stop comes before it.
    t.op('migrate_ram', { to: 1, pass: 'dirty' });
    t.op('vm_stop');
    t.op('migrate_state', { to: 1 });
    t.op('vm_resume', {}, 1);
    expect(both(t, 1)).toEqual([]);
  });

  it('F-35 F-58 events that are on their way when the VM stops are in the queue before its page is dirty', () => {
    const t = pair('xive', { delayed_events: true });
    t.op('migrate_ram', { to: 1, pass: 'all' });
    const { irqs } = t.chip.spapr;
    // Not settled: the event has left its source and is nowhere yet.
    irqs.setIrq(MSI[0] as number, 1);
    expect(t.chip.sources.hw(t.chip.sources.find(MSI[0] as number) as never).inFlight).toBe(1);
    t.op('vm_stop');
    t.op('migrate_ram', { to: 1, pass: 'dirty' });
    t.op('migrate_state', { to: 1 });
    t.op('vm_resume', {}, 1);
    expect(both(t, 1)).toEqual([17]);
  });

  it('F-58 what comes after the stop is kept for the VM that stays, and not moved', () => {
    const t = pair('xive');
    t.op('migrate_ram', { to: 1, pass: 'all' });
    t.op('vm_stop');
    t.op('qemu_irq', { lisn: MSI[0] });
    t.op('migrate_ram', { to: 1, pass: 'dirty' });
    t.op('migrate_state', { to: 1 });
    t.op('vm_resume', {}, 1);
    t.op('vm_resume', {}, 0);
    expect([both(t, 1), both(t, 0)]).toEqual([[], [17]]);
  });

  it('F-29 H_INT_RESET leaves the tables of QEMU, so that a migration brings the queues back that the guest has reset', () => {
    const t = pair('xive');
    t.op('hcall', { name: 'H_INT_RESET', args: [0n] });
    expect(t.chip.state.kvm.vcpus.at(0).queues.at(6).qpage).toBe(0);
    migrate(t);
    expect(t.chipOf(1).state.kvm.vcpus.at(0).queues.at(6).qpage).toBe(1);
  });

  it('migrate_state of a VM that runs, to a VM that there is not, to itself: EINVAL', () => {
    const t = pair('xive');
    const rcs = [t.op('migrate_state', { to: 1 }), t.op('migrate_state', { to: 2 }), t.op('migrate_ram', { to: 0 })];
    expect(rcs.map(({ ret }) => ret)).toEqual([-EINVAL, -EINVAL, -EINVAL]);
  });

  it('D-12 F-38 POWER10: what waits in the saved context of a vCPU is not moved; the entry lies in the queue without a signal', () => {
    const t = pair('xive', { generation: 'power10' });
    t.op('vcpu_put', { vcpu: 1 });
    t.op('qemu_irq', { lisn: MSI[1] });
    migrate(t);
    t.op('vcpu_load', { vcpu: 1, thread: 3 }, 1);
    t.op('vcpu_run', { vcpu: 1 }, 1);
    expect(served(t, 1, 1)).toEqual([]);
  });
});

/** What may happen to a guest: `n` is the index of a source, or a CPU. */
type Event = { readonly op: 'msi' | 'take' | 'eoi' | 'cede'; readonly n: number };
const event: fc.Arbitrary<Event> = fc.record({
  op: fc.constantFrom<Event['op']>('msi', 'msi', 'msi', 'take', 'eoi', 'cede'),
  n: fc.nat(2),
});

/** What a story leaves: how often each interrupt was taken, and which devices have sent something since theirs was taken last. */
interface Tale {
  readonly stack: readonly [number[], number[]];
  readonly taken: number[];
  readonly waiting: Set<number>;
}

/** Runs events on a VM; what each CPU serves is ended in order. */
function play(t: TestVm, vm: number, events: readonly Event[], { stack, taken, waiting }: Tale): void {
  for (const { op, n } of events) {
    const cpu = n % 2;
    const serving = stack[cpu] as number[];
    if (op === 'msi') {
      t.op('qemu_irq', { lisn: MSI[n] }, vm);
      waiting.add(n);
    } else if (op === 'cede' && serving.length === 0) t.op('guest_cede', { cpu }, vm);
    else if (op === 'take' && serving.length === 0) {
      const irq = t.op('guest_interrupt', { cpu }, vm).out?.['irq'];
      if (typeof irq !== 'number') continue;
      serving.push(irq);
      waiting.delete(irq - 17);
      taken[irq - 17] = (taken[irq - 17] ?? 0) + 1;
    } else if (op === 'eoi' && serving.length > 0) t.op('guest_eoi', { cpu, irq: serving.pop() }, vm);
  }
}

const onBoth = (...ops: Event['op'][]): Event[] => [0, 1].flatMap((n) => ops.map((op) => ({ op, n })));

/** The same events with and without a migration in the middle, until nothing is left to take. */
function story(mode: (typeof MODES)[number], before: readonly Event[], after: readonly Event[], moves: boolean): Tale {
  const t = pair(mode, { delayed_events: mode === 'xive' });
  const tale: Tale = { stack: [[], []], taken: [0, 0, 0], waiting: new Set() };
  play(t, 0, before, tale);
  if (moves) migrate(t);
  const vm = moves ? 1 : 0;
  play(t, vm, [...after, ...onBoth('eoi')], tale);
  for (let i = 0; i < 8; i++) play(t, vm, onBoth('take', 'eoi'), tale);
  return tale;
}

const events = fc.array(event, { maxLength: 12 });
const RUNS = { numRuns: 40, seed: 1 };

describe('F-30 F-55 F-58 a migration at any moment', () => {
  it('in XIVE mode the guest sees the same interrupts as without', () => {
    fc.assert(
      fc.property(events, events, (before, after) => {
        expect(story('xive', before, after, true).taken).toEqual(story('xive', before, after, false).taken);
      }),
      RUNS,
    );
  });

  // XICS saves a source that waits in a queue and has Q set as one that is pending: two interrupts become one.
  it.each(MODES)('in %s mode no device waits for ever', (mode) => {
    fc.assert(
      fc.property(events, events, (before, after) => {
        expect([...story(mode, before, after, true).waiting]).toEqual([]);
      }),
      RUNS,
    );
  });
});
