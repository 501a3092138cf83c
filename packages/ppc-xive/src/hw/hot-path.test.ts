// Trigger, queue, acknowledge, EOI allocate nothing.

import { createArena } from '@virq/irq-core/arena';
import { createTrace } from '@virq/irq-core/events';
import { describe, expect, it } from 'vitest';
import { SIZES } from './__fixtures__/hardware.ts';
import { ESB_PAGE } from './esb.ts';
import { xiveLayout } from './layout.ts';
import { RING } from './presenter.ts';
import { ARCHITECTURE } from './profile.ts';
import { osWord } from './tima.ts';
import { createXive } from './xive.ts';

/** Heap growth per call in bytes: the smallest of several rounds. */
function bytesPerCall(call: () => void): number {
  const rounds = Array.from({ length: 8 }, () => {
    for (let i = 0; i < 20_000; i++) call();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 20_000; i++) call();
    return Math.abs(process.memoryUsage().heapUsed - before) / 20_000;
  });
  return Math.min(...rounds);
}

describe.each([1, 2] as const)('no allocation, generation %i', (generation) => {
  const { root: state } = createArena(xiveLayout(SIZES));
  const xive = createXive({ state, trace: createTrace(), generation, profile: ARCHITECTURE, host() {} });
  state.nvts.at(3).valid = 1;
  Object.assign(state.ends.at(4), { valid: 1, enqueue: 1, notify: 1, nvtIndex: 3, priority: 6, qaddrLo: 0x10000000 });
  Object.assign(state.sources.at(0), { valid: 1, endIndex: 4, data: 0x123, pq: 0 });
  xive.tima.pushOs(1, osWord(0, 3, generation));
  xive.presenter.setCppr(1, RING.OS, 0xff);

  it('one interrupt from trigger to EOI', () => {
    let last = 0;
    const cycle = (): void => {
      xive.sources.store(0, ESB_PAGE.TRIGGER, 0);
      last = xive.presenter.acknowledge(1, RING.OS);
      xive.sources.load(0, ESB_PAGE.MANAGEMENT, 0);
      xive.presenter.setCppr(1, RING.OS, 0xff);
    };
    expect(bytesPerCall(cycle)).toBeLessThan(4);
    expect(last).toBe(0x8006);
  });
});
