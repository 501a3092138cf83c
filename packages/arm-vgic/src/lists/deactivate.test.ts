// EOImode 1: interrupts are deactivated by DIR, in any order and from any vCPU.

import { describe, expect, it } from 'vitest';
import { acknowledge, deactivateInterrupt, endOfInterrupt, intidOf } from '../cpuif/acknowledge.ts';
import { smallVgic } from './__fixtures__/vgic.ts';

const nobody = (): void => undefined;

/** `count` SPIs from 32 on, each of a higher priority than the one before, taken and ended with EOIR on vCPU 0. */
function taken(count: number) {
  const g = smallVgic();
  const c = g.cpu();
  for (let v = 0; v < 2; v++) g.cpu(v).vmcr.eoiMode = 1;
  for (let n = 0; n < count; n++) {
    Object.assign(g.irq(32 + n), { enabled: 1, priority: (30 - n) * 8 });
    g.inject(32 + n);
    g.sync();
    g.flush();
    expect(intidOf(c, acknowledge(c, 1))).toBe(32 + n);
  }
  g.sync();
  g.flush();
  c.ap1.set(0, 0);
  return { ...g, c };
}

describe('F33 DIR', () => {
  it('T42 31 interrupts in 4 LRs, in ascending order', () => {
    const g = taken(31);
    expect(g.c.hcr.tdir).toBe(1);
    for (let n = 0; n < 31; n++) {
      if (deactivateInterrupt(g.c, 32 + n, nobody) === 'exit') {
        g.sync();
        g.dir(32 + n);
        g.sync();
        g.flush();
      }
      expect(g.irq(32 + n + 1).active).toBe(n === 30 ? 0 : 1);
    }
    g.sync();
    expect(g.listed()).toEqual([]);
  });

  it('T45 from another vCPU: as ICACTIVER while it is in an LR, else at once', () => {
    const g = taken(1);
    g.log.length = 0;
    g.dir(32, 1);
    expect([g.log, g.irq(32).active]).toEqual([['ICACTIVER 32', 'prune 0'], 1]);
    g.sync();
    g.log.length = 0;
    g.dir(32, 1);
    expect([g.log, g.irq(32).active]).toEqual([['prune 0'], 0]);
  });

  it.each([
    ['another INTID', 1, 33, 1],
    ['beyond the SPIs', 1, 96, 1],
    ['EOImode 0', 0, 32, 1],
    ['N14 the same INTID above bit 10', 1, 32 + 1024, 0],
  ] as const)('%s', (_name, eoiMode, value, active) => {
    const g = taken(1);
    g.sync();
    g.c.vmcr.eoiMode = eoiMode;
    g.dir(value);
    expect(g.irq(32).active).toBe(active);
  });
});

it('F33 F08 a v2 SGI is deactivated for the sender that is served, and for no other', () => {
  const g = smallVgic({ v2: true });
  g.cpu().vmcr.eoiMode = 1;
  Object.assign(g.irq(1), { active: 1, activeSource: 2 });
  g.queue(1);
  g.dir(1 | (1 << 10));
  expect(g.irq(1).active).toBe(1);
  g.dir(1 | (2 << 10));
  expect(g.irq(1).active).toBe(0);
});

it('F34 a hardware interrupt that is in no LR is deactivated physically', () => {
  const g = smallVgic();
  g.cpu().vmcr.eoiMode = 1;
  Object.assign(g.irq(27), { enabled: 1, active: 1, hw: 1, hostIrq: 91 });
  g.queue(27);
  g.log.length = 0;
  g.dir(27);
  expect(g.log).toEqual(['deactivate 91', 'prune 0']);
  endOfInterrupt(g.cpu(), { group: 1, intid: 27 }, nobody);
  expect(g.cpu().hcr.eoiCount).toBe(1);
});
