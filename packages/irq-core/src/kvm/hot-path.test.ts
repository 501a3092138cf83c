// The two hot paths allocate nothing: an injection through the table, and an event through the fast path.

import { describe, expect, it } from 'vitest';
import { fakeMachine, toMsi, toPin } from './__fixtures__/fake-vm.ts';

/** Heap growth per call in bytes: the smallest of several rounds, so that a collection or compilation elsewhere does not count. */
function bytesPerCall(call: () => void): number {
  const rounds = Array.from({ length: 8 }, () => {
    for (let i = 0; i < 20_000; i++) call();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 50_000; i++) call();
    return (process.memoryUsage().heapUsed - before) / 50_000;
  });
  return rounds.map(Math.abs).reduce((a, b) => Math.min(a, b));
}

describe('no allocation', () => {
  const m = fakeMachine();
  const kvm = m.kvms[0]!;
  const { arch } = m.chips[0]!;
  const silent = { ...arch, setIrq: () => 1, setIrqInatomic: () => 1 };
  kvm.bindArch(silent);
  kvm.setGsiRouting([toPin(5, 5), toMsi(30, 0x50)], 0);
  const fd = m.eventfds.create();
  kvm.irqfd({ fd, gsi: 30, flags: 0, resamplefd: 0 });

  it('setIrq of a GSI with one route', () => {
    expect(bytesPerCall(() => void kvm.setIrq(0, 5, 1, false))).toBeLessThan(4);
  });

  it('eventfd write, wake-up, in-atomic injection', () => {
    expect(bytesPerCall(() => void m.eventfds.write(fd, 1))).toBeLessThan(4);
  });

  it('the measure sees one small object per call', () => {
    const kept: object[] = [];
    const leak = (): void => {
      kept[0] = { a: kept.length, b: [1] };
    };
    expect(bytesPerCall(leak)).toBeGreaterThan(4);
  });
});
