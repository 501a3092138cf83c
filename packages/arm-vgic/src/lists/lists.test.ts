// Interrupts go through ap_list, list registers and the virtual CPU interface, and come back.

import { describe, expect, it } from 'vitest';
import { acknowledge, type Eoi, endOfInterrupt, intidOf } from '../cpuif/acknowledge.ts';
import { eisr, MISR, misr } from '../cpuif/maintenance.ts';
import { LR_STATE } from '../lr/format.ts';
import { smallVgic, type VgicOptions } from './__fixtures__/vgic.ts';

const KERNELS = ['6.1', '7.3'] as const;

/** A guest on vCPU `vcpu` of a small VGIC. */
function guest(o: VgicOptions = {}, vcpu = 0) {
  const vgic = smallVgic(o);
  const c = vgic.cpu(vcpu);
  const end = (e: Eoi) => endOfInterrupt(c, e, (pintid) => void vgic.log.push(`deactivate ${pintid}`));
  return {
    ...vgic,
    iar: (group = 1) => intidOf(c, acknowledge(c, group)),
    eoir: (intid: number, group = 1) => end({ group, intid }),
    /** An exit and the entry after it. */
    exit() {
      vgic.sync(vcpu);
      vgic.flush(vcpu);
    },
  };
}

const acks = (log: readonly string[]): string[] => log.filter((l) => l.startsWith('ack'));

describe.each(KERNELS)('Linux %s', (kernel) => {
  it('T12 an edge that comes while the one before is handled is delivered after it', () => {
    const g = guest({ kernel });
    g.irq(40).enabled = 1;
    g.inject(40);
    g.flush();
    expect(g.iar()).toBe(40);
    g.inject(40);
    g.exit();
    expect(g.cpu().lrs.at(0).state).toBe(LR_STATE.ACTIVE_PENDING);
    g.eoir(40);
    expect(g.iar()).toBe(40);
    g.eoir(40);
    g.exit();
    expect([g.iar(), g.listed()]).toEqual([1023, []]);
  });

  it('T17 an SGI of two senders is delivered once for each, the first with EOI set', () => {
    const g = guest({ kernel, v2: true }, 1);
    g.irq(1, 1).source = 0b101;
    g.inject(1, 1, 1);
    g.flush(1);
    expect([g.cpu(1).lrs.at(0).eoi, g.iar()]).toEqual([1, 0x001]);
    g.eoir(0x001);
    expect([eisr(g.cpu(1), 4), misr(g.cpu(1), 4) & MISR.EOI]).toEqual([1, MISR.EOI]);
    g.exit();
    expect([g.iar(), g.cpu(1).lrs.at(0).eoi]).toEqual([0x801, 0]);
    g.eoir(0x801);
    g.exit();
    expect([g.iar(), g.listed(1)]).toEqual([1023, []]);
  });

  it('T43 T47 31 active SPIs on 4 LRs, ended from the highest: 7.3 counts them, 6.1 leaves 27 active', () => {
    const g = guest({ kernel });
    for (let n = 0; n < 31; n++) {
      Object.assign(g.irq(32 + n), { enabled: 1, priority: (30 - n) * 8, active: 1 });
      g.queue(32 + n);
    }
    g.cpu().ap1.set(0, 0x7fffffff);
    g.flush();
    for (let n = 30; n >= 0; n--) g.eoir(32 + n);
    expect([g.cpu().ap1.get(0), g.iar()]).toEqual([0, 1023]);
    g.exit();
    expect(g.listed().length).toBe(kernel === '7.3' ? 0 : 27);
  });
});

describe('F28 F30 overflow, Linux 7.3', () => {
  it('T41 each of 31 SPIs preempts the one before, in 4 LRs', () => {
    const g = guest();
    for (let n = 0; n < 31; n++) {
      Object.assign(g.irq(32 + n), { enabled: 1, priority: (30 - n) * 8 });
      g.inject(32 + n);
      g.exit();
      expect(g.iar()).toBe(32 + n);
    }
    for (let n = 30; n >= 0; n--) {
      g.eoir(32 + n);
      g.exit();
      expect(g.irq(32 + n).active).toBe(0);
      expect(g.listed().length).toBe(n);
    }
    expect(g.cpu().ap1.get(0)).toBe(0);
  });

  it('T43 six EOIs in one go end four in LRs and the next two, and no other', () => {
    const g = guest();
    for (let n = 0; n < 8; n++) {
      Object.assign(g.irq(32 + n), { enabled: 1, priority: (30 - n) * 8 });
      g.inject(32 + n);
      g.exit();
      g.iar();
    }
    g.exit();
    for (let n = 7; n >= 2; n--) g.eoir(32 + n);
    expect([g.cpu().hcr.eoiCount, misr(g.cpu(), 4) & MISR.LRENP]).toEqual([2, MISR.LRENP]);
    g.exit();
    expect(g.listed()).toEqual([33, 32]);
  });

  it.each([
    ['7.3', [0, 1]],
    ['6.19-rc', [1, 0]],
  ] as const)('F31 T44 Linux %s: an EOI beyond the LRs, and an interrupt taken after it', (kernel, expected) => {
    const g = guest({ kernel, nrLr: 2 });
    const [low, high, waits] = [50, 51, 52];
    Object.assign(g.irq(low), { enabled: 1, priority: 0x20 });
    Object.assign(g.irq(high), { enabled: 1, priority: 0x10 });
    Object.assign(g.irq(waits), { enabled: 1, priority: 0x80 });
    for (const intid of [low, high]) {
      g.inject(intid);
      g.exit();
      expect(g.iar()).toBe(intid);
    }
    g.inject(waits);
    g.exit();
    g.eoir(high);
    g.eoir(low);
    expect(g.iar()).toBe(waits);
    g.sync();
    expect([g.irq(low).active, g.irq(waits).active]).toEqual(expected);
  });
});

describe('F29 overflow, Linux 6.1', () => {
  it('F28 active ones keep the LRs from what waits; underflow asks for an exit', () => {
    const g = guest({ kernel: '6.1', nrLr: 2 });
    for (const [n, priority] of [0x90, 0x80, 0x70].entries()) {
      Object.assign(g.irq(40 + n), { enabled: 1, priority });
      g.inject(40 + n);
      g.exit();
      expect(g.iar()).toBe(n < 2 ? 40 + n : 1023);
    }
    expect([g.cpu().hcr.uie, misr(g.cpu(), 2)]).toEqual([1, 0]);
    g.eoir(41);
    expect(misr(g.cpu(), 2)).toBe(MISR.U);
    g.exit();
    expect(g.iar()).toBe(42);
  });
});

it('T46 an SGI of a disabled group stays pending while 15 others are served', () => {
  const g = guest();
  g.irq(0).group = 0;
  for (let n = 0; n < 16; n++) g.inject(n);
  g.flush();
  for (let n = 1; n < 16; n++) {
    expect(g.iar()).toBe(n);
    g.eoir(n);
    g.exit();
  }
  expect([g.iar(1), g.iar(0)]).toEqual([1023, 1023]);
  g.cpu().vmcr.enable0 = 1;
  expect(g.iar(0)).toBe(0);
});

describe('F40 the EOI of a level SPI is told to its irqfd', () => {
  const served = (o: VgicOptions, exits: boolean) => {
    const g = guest(o);
    Object.assign(g.irq(40), { enabled: 1, config: 1 });
    g.inject(40);
    g.flush();
    g.iar();
    if (exits) g.exit();
    g.eoir(40);
    g.sync();
    return acks(g.log);
  };
  it.each([
    ['6.1', 3, ['ack 8'], ['ack 8']],
    ['7.3', 3, ['ack 8'], []],
    ['7.3', 2, ['ack 8'], ['ack 8']],
  ] as const)('T28 Linux %s on a GICv%i: with an exit before the EOI, and without', (kernel, host, some, none) => {
    expect([served({ kernel, host }, true), served({ kernel, host }, false)]).toEqual([some, none]);
  });
});

it('F05 F06 an interrupt moves when its vCPU prunes, and stays while it is active', () => {
  const g = guest();
  g.irq(40).enabled = 1;
  g.inject(40);
  g.irq(40).target = 3;
  expect([g.listed(0), g.listed(2)]).toEqual([[40], []]);
  g.sync();
  expect([g.listed(0), g.listed(2), g.irq(40).vcpu, g.log.at(-1)]).toEqual([[], [40], 3, 'kick 2']);
  g.irq(40).active = 1;
  g.irq(40).target = 1;
  g.sync(2);
  expect([g.listed(0), g.listed(2)]).toEqual([[], [40]]);
});

it('F34 the end of a hardware interrupt deactivates the physical one', () => {
  const g = guest();
  Object.assign(g.irq(27), { enabled: 1, hw: 1, hostIrq: 27 });
  g.lines.add(27);
  g.inject(27);
  g.flush();
  expect(g.iar()).toBe(27);
  g.exit();
  g.log.length = 0;
  g.eoir(27);
  expect(g.log).toEqual(['deactivate 27']);
});
