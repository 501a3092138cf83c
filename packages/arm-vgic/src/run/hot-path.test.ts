// Injection, entry, IAR, EOIR, exit and ack allocate nothing, and cost the same however many SPIs there are.

import { describe, expect, it } from 'vitest';
import { openArm } from '../__fixtures__/arm-vm.ts';
import { CONFIG } from '../irq/layout.ts';

/** Heap growth per call in bytes: the smallest of several rounds. */
function bytesPerCall(call: () => void): number {
  const rounds = Array.from({ length: 6 }, () => {
    for (let i = 0; i < 10_000; i++) call();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 10_000; i++) call();
    return Math.abs(process.memoryUsage().heapUsed - before) / 10_000;
  });
  return Math.min(...rounds);
}

describe.each(['6.12', '7.3'] as const)('no allocation, Linux %s', (vgic) => {
  function cycleOf(config: number) {
    const t = openArm({ vm: { nr_irqs: 992, vgic } });
    const { machine } = t.session;
    (machine.trace as { on: boolean }).on = false;
    t.chip.state.dist.enabled = 1;
    t.op('cpu_setup', { pmr: 0xf8 });
    Object.assign(t.irq(40), { enabled: 1, priority: 0xa0, config });
    const { inputs, run, guest } = t.chip;
    const iar = guest.instruction('mrs ICC_IAR1_EL1');
    const eoir = guest.instruction('msr ICC_EOIR1_EL1');
    const taken: { last: number } = { last: 0 };
    return {
      taken,
      cycle(): void {
        inputs.inject(-1, 40, 1);
        run.enter(0);
        taken.last = guest.execute(0, iar, 0);
        inputs.inject(-1, 40, 0);
        guest.execute(0, eoir, 40);
        run.exit(0);
      },
    };
  }

  it.each([
    ['edge', CONFIG.EDGE],
    ['level', CONFIG.LEVEL],
  ])('F-06 F-27 one interrupt from its input to its end: %s', (_what, config) => {
    const { cycle, taken } = cycleOf(config);
    expect(bytesPerCall(cycle)).toBeLessThan(4);
    expect(taken.last).toBe(40);
  });
});
