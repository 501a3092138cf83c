// KVM_SET_GSI_ROUTING: validation and errno (T04–T14), order inside a GSI, the reverse map, and publication against readers.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EINVAL, ENOMEM } from '../errors.ts';
import { omit, pct, random, reorder, run } from '../protocol/index.ts';
import { fakeMachine, SMALL, toMsi, toPin } from './__fixtures__/fake-vm.ts';
import { kvmSetIrq, kvmSetIrqRouting, type RouteInput } from './index.ts';

const KVM_SIZES = { gsis: 4096, routes: 4096 };
const numbers = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

describe('validation', () => {
  const table: readonly (readonly [string, readonly RouteInput[], number])[] = [
    ['T04 gsi 4095', [toPin(4095, 0)], 0],
    ['T04 gsi 4096', [toPin(4096, 0)], -EINVAL],
    ['T05 4096 entries', numbers(4096).map((gsi) => toMsi(gsi, 0x50)), 0],
    ['T05 4097 entries', numbers(4097).map((i) => toMsi(i % 4096, 0x50)), -EINVAL],
    ['T08 irqchip entry with flags 1', [{ ...toPin(1, 1), flags: 1 }], -EINVAL],
    ['T08 MSI entry with flags 1', [{ ...toMsi(1, 1), flags: 1 }], 0],
    ['T08 MSI entry with flags 2', [{ ...toMsi(1, 1), flags: 2 }], -EINVAL],
    ['T09 IOAPIC + IOAPIC', [toPin(1, 1), toPin(1, 2)], -EINVAL],
    ['T09 MSI + IOAPIC', [toMsi(1, 1), toPin(1, 1)], -EINVAL],
    ['T09 IOAPIC + MSI', [toPin(1, 1), toMsi(1, 1)], -EINVAL],
    ['T09 MSI + MSI', [toMsi(1, 1), toMsi(1, 2)], -EINVAL],
    ['T10 PIC master + PIC slave + IOAPIC', [toPin(1, 1, 0), toPin(1, 1, 1), toPin(1, 1)], 0],
    ['T11 two GSIs on one pin', [toPin(5, 5), toPin(6, 5)], 0],
    ['T12 IOAPIC pin 24', [toPin(1, 24)], -EINVAL],
    ['T12 PIC pin 8', [toPin(1, 8, 0)], -EINVAL],
    ['T12 irqchip 3', [toPin(1, 1, 3)], -EINVAL],
    ...[0, 3, 6].map((type) => [`T12 type ${type}`, [{ ...toPin(1, 1), type }], -EINVAL] as const),
  ];
  it.each(table)('%s', (_id, entries, expected) => {
    const { kvms } = fakeMachine({ limits: KVM_SIZES });
    expect(kvms[0]?.setGsiRouting(entries, 0)).toBe(expected);
    expect(kvms[0]?.state.tables.count()).toBe(expected === 0 ? 1 : 0);
  });

  it('T07 table flags; no irqchip', () => {
    const { kvms, chips } = fakeMachine();
    const kvm = kvms[0]!;
    expect(kvm.setGsiRouting([], 1)).toBe(-EINVAL);
    chips[0]!.routable = false;
    expect(kvm.setGsiRouting([], 0)).toBe(-EINVAL);
  });

  it('T06 an empty table routes nothing; T14 unrouted and absurd GSIs', () => {
    const { kvms } = fakeMachine();
    const kvm = kvms[0]!;
    kvm.setGsiRouting([toPin(7, 7)], 0);
    expect(kvm.setIrq(0, 7, 1, true)).toBe(1);
    expect(kvm.setGsiRouting([], 0)).toBe(0);
    expect([7, 8, 5000, 0xffffffff].map((gsi) => kvm.setIrq(0, gsi, 1, true))).toEqual([-1, -1, -1, -1]);
  });

  it('T13 a refused table leaves the old one in force', () => {
    const { kvms, chips } = fakeMachine();
    const kvm = kvms[0]!;
    kvm.setGsiRouting([toPin(7, 7)], 0);
    expect(kvm.setGsiRouting([toMsi(7, 0x50), toPin(3, 24)], 0)).toBe(-EINVAL);
    expect([kvm.setIrq(0, 7, 1, true), kvm.setIrq(0, 7, 0, true)]).toEqual([1, 1]);
    expect(chips[0]!.calls.map((c) => c.target)).toEqual(['2.7', '2.7']);
  });
});

describe('lookup', () => {
  it('raises the routes of a GSI in the order they were given', () => {
    const { kvms, chips } = fakeMachine();
    kvms[0]!.setGsiRouting([toPin(1, 1), toPin(1, 1, 0), toPin(1, 1, 1)], 0);
    kvms[0]!.setIrq(0, 1, 1, true);
    expect(chips[0]!.calls.map((c) => c.target)).toEqual(['2.1', '0.1', '1.9']);
  });

  it.each([
    ['nobody', [-1, -1], -1],
    ['one coalesced, one masked', [0, -1], 0],
    ['one coalesced, one reached', [0, 1], 1],
    ['sum of those reached', [3, 2], 5],
    ['masked first', [-1, 4], 4],
  ])('result: %s', (_name, results, expected) => {
    const { kvms, chips } = fakeMachine();
    kvms[0]!.setGsiRouting([toPin(1, 1), toPin(1, 1, 0)], 0);
    chips[0]!.results.push(...(results as number[]));
    expect(kvms[0]!.setIrq(0, 1, 1, true)).toBe(expected);
  });

  it('CORE-05 an MSI route: 1, -1, 1 for levels 1, 0, 1', () => {
    const { kvms } = fakeMachine();
    kvms[0]!.setGsiRouting([toMsi(1, 0x50)], 0);
    expect([1, 0, 1].map((level) => kvms[0]!.setIrq(0, 1, level, true))).toEqual([1, -1, 1]);
  });

  it('CORE-02 the last entry that names a pin gets its acknowledgements', () => {
    const { routing } = withTable([toPin(5, 5), toPin(6, 5)]);
    expect([routing.gsiOfPin(2, 5), routing.gsiOfPin(2, 6), routing.gsiOfPin(0, 5)]).toEqual([6, -1, -1]);
  });

  it('CORE-01 replace and look up agree with a naive table', () => {
    const entry = fc.oneof(
      fc.record({ gsi: fc.nat(6), pin: fc.nat(26), chip: fc.nat(3) }).map((e) => toPin(e.gsi, e.pin, e.chip)),
      fc
        .record({ gsi: fc.nat(70), data: fc.nat(255), flags: fc.nat(2) })
        .map((e) => ({ ...toMsi(e.gsi, e.data), flags: e.flags })),
    );
    fc.assert(
      fc.property(fc.array(fc.array(entry, { maxLength: 4 }), { minLength: 1, maxLength: 6 }), (updates) => {
        const { kvms, chips } = fakeMachine();
        const kvm = kvms[0]!;
        let naive: readonly RouteInput[] = [];
        for (const entries of updates) {
          const ok = isValid(entries);
          expect(kvm.setGsiRouting(entries, 0)).toBe(ok ? 0 : -EINVAL);
          if (ok) naive = entries;
          chips[0]!.calls.length = 0;
          for (let gsi = 0; gsi < 7; gsi++) kvm.setIrq(0, gsi, 1, false);
          const expected = numbers(7).flatMap((gsi) => naive.filter((e) => e.gsi === gsi).map(targetOf));
          expect(chips[0]!.calls.map((c) => c.target)).toEqual(expected);
          for (let pin = 0; pin < 24; pin++)
            expect(kvm.routing.gsiOfPin(2, pin)).toBe(
              naive.findLast((e) => e.irqchip === 2 && e.type === 1 && e.pin === pin)?.gsi ?? -1,
            );
        }
        expect(kvm.state.tables.count()).toBeLessThanOrEqual(1);
      }),
    );
  });
});

/** The rules of the table as a list of sentences, without the order in which the kernel applies them. */
function isValid(entries: readonly RouteInput[]): boolean {
  const pins = [8, 8, 24];
  return (
    entries.every((e) => e.gsi < SMALL.gsis) &&
    entries.every((e) => (e.type === 2 ? e.flags < 2 : e.flags === 0 && e.pin < (pins[e.irqchip] ?? 0))) &&
    entries.every((a, i) =>
      entries.every((b, j) => i === j || a.gsi !== b.gsi || (a.type === 1 && b.type === 1 && a.irqchip !== b.irqchip)),
    )
  );
}

function targetOf(e: RouteInput): string {
  return e.type === 2 ? `msi 0x${e.data.toString(16)}` : `${e.irqchip}.${e.pin + (e.irqchip === 1 ? 8 : 0)}`;
}

function withTable(entries: readonly RouteInput[]) {
  const { kvms } = fakeMachine();
  kvms[0]!.setGsiRouting(entries, 0);
  return kvms[0]!;
}

describe('publication', () => {
  const explore = (update: typeof kvmSetIrqRouting) =>
    numbers(120).map((seed) => race(update, seed % 2 === 0 ? random(seed) : pct(seed, 3, 16)));

  /** An injection against an update of the same GSI. */
  function race(update: typeof kvmSetIrqRouting, scheduler: ReturnType<typeof random>) {
    const m = fakeMachine({ swap: new Map([[kvmSetIrqRouting, update as never]]) });
    const kvm = m.kvms[0]!;
    const stale: string[] = [];
    m.arena.onStale((pool) => void stale.push(pool));
    kvm.setGsiRouting([toPin(1, 1), toPin(1, 1, 0)], 0);
    m.processes.spawn(kvmSetIrq, { vm: 0, gsi: 1, level: 1 });
    kvm.startSetGsiRouting([toPin(1, 2), toPin(1, 2, 0)], 0);
    const { end } = run(m.processes, scheduler);
    return { end, stale, targets: m.chips[0]!.calls.map((c) => c.target).join(), tables: kvm.state.tables.count() };
  }

  it('a reader sees the whole old or the whole new table, also after the update returned (K24), and never a freed one', () => {
    const outcomes = explore(kvmSetIrqRouting);
    expect(outcomes.filter((o) => o.end !== 'quiet' || o.stale.length > 0 || o.tables !== 1)).toEqual([]);
    expect(new Set(outcomes.map((o) => o.targets))).toEqual(new Set(['2.1,0.1', '2.2,0.2']));
  });

  it('mutant: without the grace period some schedule reads a freed table', () => {
    const eager = omit(kvmSetIrqRouting, 'wait irq_srcu');
    expect(explore(eager).some((o) => o.stale.length > 0)).toBe(true);
  });

  it('mutant: freeing before the grace period, too', () => {
    const early = reorder(kvmSetIrqRouting, 'freeOld', 'flip irq_srcu', 'wait irq_srcu');
    expect(explore(early).some((o) => o.stale.length > 0)).toBe(true);
  });

  it('the architecture hears of every table that is in force', () => {
    const { kvms, chips } = fakeMachine();
    kvms[0]!.setGsiRouting([toPin(1, 1)], 0);
    kvms[0]!.setGsiRouting([toPin(1, 99)], 0);
    expect(chips[0]!.hooks.routingUpdated).toBe(1);
  });

  it('two updates may wait at once, a third finds no room', () => {
    const { kvms, processes } = fakeMachine();
    const start = (): number => kvms[0]!.startSetGsiRouting([toPin(1, 1)], 0);
    expect([start(), start(), start(), start()]).toEqual([0, 0, 0, -ENOMEM]);
    expect(run(processes, random(1)).end).toBe('quiet');
    expect(kvms[0]!.state.tables.count()).toBe(1);
  });
});
