// Saving and restoring what classic XICS has: words, the queues that are read for them, what cannot be said in them.

import { describe, expect, it } from 'vitest';
import { type Guest, openGuest, openWithSource } from './__fixtures__/guest.ts';

const IRQ = 0x1101;
const line = (g: Guest, level = 1, irq = IRQ) => g.run('irq_line', { n: irq, level });
const rtas = (g: Guest, name: string, ...args: number[]) => g.run('rtas', { name, args });
const saved = (g: Guest, irq = IRQ) => (g.run('xics_source_get', { n: irq }) as { value: string }).value;
const state = (g: Guest, irq = IRQ) => g.chip.xics.source(irq);
const opened = (): Guest => {
  const g = openGuest();
  for (const cpu of [0, 1]) g.run('h_cppr', { cpu, value: 0xff });
  return g;
};

describe('restoring a source (F-55)', () => {
  const rows: readonly (readonly [string, Readonly<Record<string, number>>, number, number])[] = [
    ['none', {}, 0b00, 0],
    ['queued', { queued: 1 }, 0b10, 1],
    ['presented', { presented: 1 }, 0b10, 0],
    ['presented and queued', { presented: 1, queued: 1 }, 0b11, 0],
    ['pending', { pending: 1 }, 0b10, 1],
    ['pending and queued', { pending: 1, queued: 1 }, 0b10, 1],
    ['pending and presented', { pending: 1, presented: 1 }, 0b10, 1],
    ['all three', { pending: 1, presented: 1, queued: 1 }, 0b10, 1],
  ];
  it.each(rows)('V-60: %s', (_name, flags, pq, events) => {
    const g = opened();
    g.run('xics_source_set', { n: IRQ, destination: 0, priority: 5, ...flags });
    expect([g.pq(IRQ), g.queue(0, 5)[0]]).toEqual([pq, events === 0 ? 0 : 0x80001101]);
  });

  it('V-61: masked and queued: nothing happens before ibm,int-on', () => {
    const g = opened();
    g.run('xics_source_set', { n: IRQ, destination: 0, priority: 5, masked: 1, queued: 1 });
    const { guestPriority, savedPriority, oldQ } = state(g);
    expect([g.pq(IRQ), guestPriority, savedPriority, oldQ, g.queue(0, 5)]).toEqual([0b10, 0xff, 5, 1, [0]]);
    rtas(g, 'ibm,int-on', IRQ);
    expect([g.pq(IRQ), g.queue(0, 5)]).toEqual([0b10, [0x80001101]]);
  });

  it('V-62: a level-triggered one that is pending is asserted, and H_EOI lets it come again until it is lowered', () => {
    const g = opened();
    g.run('xics_source_set', { n: IRQ, destination: 0, priority: 5, level: 1, pending: 1 });
    expect([state(g).asserted, g.pq(IRQ), g.xirr()]).toEqual([1, 0b10, 0xff001101]);
    g.run('h_eoi', { xirr: 0xff001101 });
    expect(g.xirr()).toBe(0xff001101);
    line(g, 0);
    g.run('h_eoi', { xirr: 0xff001101 });
    expect([g.xirr(), g.pq(IRQ)]).toEqual([0xff000000, 0]);
  });

  it('F-55 without a priority it has no target and stays masked; a server that does not exist leaves the EAS masked', () => {
    const g = opened();
    g.run('xics_source_set', { n: IRQ, destination: 0, priority: 0xff, masked: 1 });
    expect([state(g).actPriority, g.chip.state.kvm.qmap]).toEqual([0xff, 0]);
    expect(g.run('xics_source_set', { n: 0x1102, destination: 9, priority: 5 })).toBe(0);
    line(g, 1, 0x1102);
    expect([g.pq(0x1102), g.queue(0, 5), state(g, 0x1102).guestPriority]).toEqual([0b10, [0], 5]);
  });

  it('F-49 again on a source with a target counts one more in its queue, and nothing takes it back', () => {
    const g = openWithSource(IRQ);
    g.run('xics_source_set', { n: IRQ, destination: 0, priority: 5 });
    const q = g.chip.state.kvm.vcpus.at(0).queues.at(5);
    expect([q.count, q.pendingCount, g.chip.state.kvm.srcCount]).toEqual([2, 0, 1]);
  });
});

describe('an ICP (F-55)', () => {
  it('V-63: its XISR names a source that comes later, which is pending then', () => {
    const g = opened();
    g.leave(0);
    expect(g.run('icp_set', { cpu: 0, value: '0x05001101ff050000' })).toBe(0);
    expect([g.chip.state.kvm.delayedIrqs, g.chip.state.kvm.vcpus.at(0).delayedIrq]).toEqual([1, IRQ]);
    g.run('xics_source_set', { n: IRQ, destination: 0, priority: 4 });
    expect([g.chip.state.kvm.delayedIrqs, g.pq(IRQ)]).toEqual([0, 0b10]);
    g.enter(0);
    expect([g.ring(0).cppr, g.xirr()]).toEqual([5, 0x05001101]);
  });

  it('F-55 its XISR names a source that is there: sent again', () => {
    const g = openWithSource(IRQ);
    g.leave(0);
    g.run('icp_set', { cpu: 0, cppr: 0xff, xisr: IRQ, mfrr: 0xff });
    expect([g.pq(IRQ), g.chip.state.kvm.delayedIrqs]).toEqual([0b10, 0]);
  });

  it('F-55 a second name on one ICP overwrites the first, and the count never gets back to 0', () => {
    const g = opened();
    g.leave(0);
    for (const xisr of [IRQ, 0x1102]) g.run('icp_set', { cpu: 0, cppr: 0xff, xisr, mfrr: 0xff });
    for (const n of [IRQ, 0x1102]) g.run('xics_source_set', { n, destination: 0, priority: 5 });
    expect([g.chip.state.kvm.delayedIrqs, g.pq(IRQ), g.pq(0x1102)]).toEqual([1, 0, 0b10]);
  });

  it('F-55 an MFRR that CPPR lets pass signals the vCPU; refused while it is in the guest', () => {
    const g = opened();
    expect(g.run('icp_set', { cpu: 0, cppr: 0xff, mfrr: 4 })).toBe(-5);
    g.leave(0);
    g.run('icp_set', { cpu: 0, cppr: 0xff, mfrr: 4 });
    g.enter(0);
    expect([g.ring(0).pipr, g.xirr()]).toEqual([0, 0xff000002]);
  });

  it('V-64: idle with CPPR 0xFF', () => {
    const g = opened();
    expect(g.run('icp_get', { cpu: 0 })).toEqual({ value: '0xff000000ffff0000' });
    expect(openGuest({ vm: { connect: false } }).run('icp_get', { cpu: 0 })).toBe(-6);
  });
});

describe('saving a source (F-55)', () => {
  it('V-64: still in the queue with P set: pending and presented, and the queue is not touched', () => {
    const g = openGuest({ vm: { servers: [3, 4] } });
    g.run('xics_source_set', { n: IRQ, destination: 3, priority: 5 });
    line(g);
    expect(saved(g)).toBe('0xc0500000003');
    expect([g.pq(IRQ), state(g).inQueue, g.chip.state.kvm.savedSrcCount]).toEqual([0b10, 0, 0]);
    g.run('h_cppr', { value: 0xff });
    expect(g.xirr()).toBe(0xff001101);
  });

  it('V-64: masked with Q from before', () => {
    const g = openGuest({ vm: { servers: [3, 4] } });
    g.run('xics_source_set', { n: IRQ, destination: 3, priority: 5, masked: 1, queued: 1 });
    expect(saved(g)).toBe('0x120500000003');
  });

  it('F-55 round trip: what is saved here comes again there, once', () => {
    const [a, b] = [openWithSource(IRQ), opened()];
    line(a);
    const word = saved(a);
    b.run('xics_source_set', { n: IRQ, value: word });
    expect(b.xirr()).toBe(0xff001101);
    b.run('h_eoi', { xirr: 0xff001101 });
    expect([b.xirr(), b.pq(IRQ)]).toEqual([0xff000000, 0]);
  });

  it('F-55 an event that came while the source was masked is in no word: it does not travel', () => {
    const g = openWithSource(IRQ);
    rtas(g, 'ibm,int-off', IRQ);
    line(g);
    expect([g.pq(IRQ), saved(g)]).toEqual([0b11, '0x20500000000']);
  });

  it('F-55 all are stopped at the first and go on after it; the scan is made again when all were read', () => {
    const g = openWithSource(IRQ);
    g.run('xics_source_set', { n: 0x1102, destination: 0, priority: 4 });
    line(g);
    expect([saved(g), g.chip.state.kvm.savedSrcCount]).toEqual(['0xc0500000000', 1]);
    line(g, 1, 0x1102);
    expect([saved(g, 0x1102), g.chip.state.kvm.savedSrcCount]).toEqual(['0x400000000', 0]);
    expect(saved(g, 0x1102)).toBe('0xc0400000000');
  });

  it('F-55 a level-triggered source saves its P as pending', () => {
    const g = opened();
    g.run('xics_source_set', { n: IRQ, destination: 0, priority: 5, level: 1 });
    line(g);
    expect(saved(g)).toBe('0x50500000000');
  });
});

describe('attributes (F-49)', () => {
  it.each([
    ['15', 15, -2],
    ['16', 16, 0],
    ['0xFFFFF', 0xfffff, 0],
    ['0x100000', 0x100000, -2],
  ])('F-49 source %s', (_name, irq, ret) => {
    expect(opened().run('xics_source_set', { n: irq, destination: 0, priority: 5 })).toBe(ret);
  });

  it('F-49 -ENOENT for a source that was never set, -ENXIO without the device', () => {
    expect(opened().run('xics_source_get', { n: IRQ })).toBe(-2);
    expect(openGuest({ vm: { dev: 'none' }, vcpus: 1 }).run('xics_source_set', { n: IRQ })).toBe(-6);
  });

  it('F-49 -ENOMEM when the host has no interrupt left', () => {
    const g = openGuest({ host: { ipis: 3 } });
    const set = (n: number) => g.run('xics_source_set', { n, destination: 0, priority: 5 });
    expect([set(16), set(17), set(16)]).toEqual([0, -12, 0]);
  });

  it('F-49 NR_SERVERS: not 0, not beyond the ids, not once a vCPU is connected', () => {
    const g = openGuest({ vm: { connect: false } });
    const set = (value: number) => g.run('xics_nr_servers', { value });
    expect([set(0), set(16 * 8 + 1), set(2)]).toEqual([-22, -22, 0]);
    expect(g.run('connect', { type: 'xics', cpu: 0, server: 2 })).toBe(-22);
    expect(g.run('connect', { type: 'xics', cpu: 0, server: 1 })).toBe(0);
    expect(set(4)).toBe(-16);
  });
});

describe('connecting and closing (F-37, F-47)', () => {
  it('F-37 twice -EBUSY, a server that is taken -EEXIST, the other type -EPERM', () => {
    const g = openGuest({ vm: { connect: false } });
    const connect = (cpu: number, server: number, type = 'xics') => g.run('connect', { type, cpu, server });
    expect([connect(0, 0), connect(0, 0), connect(1, 0), connect(1, 1, 'xive'), connect(1, 1)]).toEqual([
      0, -16, -17, -1, 0,
    ]);
  });

  it('F-37 an attempt that fails leaves the vCPU half connected: the next one with its server is -EEXIST', () => {
    const g = openGuest({ host: { ipis: 1 }, vm: { connect: false } });
    expect(g.run('connect', { type: 'xics', cpu: 0, server: 0 })).toBe(0);
    expect(g.run('connect', { type: 'xics', cpu: 1, server: 1 })).toBe(-5);
    expect(g.run('connect', { type: 'xics', cpu: 1, server: 1 })).toBe(-17);
    const { irqType, valid, cam } = g.chip.state.kvm.vcpus.at(1);
    expect([irqType, valid, cam > 0]).toEqual([0, 1, true]);
  });

  it('F-47 closing the device gives everything back: sources, IPIs, queues, virtual processors', () => {
    const g = openWithSource(IRQ);
    const { opal, xive } = g.chip.host;
    line(g);
    for (const v of [0, 1]) g.leave(v);
    const kinds = () =>
      Array.from({ length: xive.sources.count }, (_, i) => xive.sources.at(i).kind).filter((k) => k === 1);
    const ends = () =>
      Array.from({ length: 7 }, (_, p) => opal.queues.info(g.chip.state.kvm.vcpus.at(0).vpId, p)?.flags);
    expect([kinds().length, ends()[5]]).toEqual([3, 7]);
    expect(g.chip.devices.close()).toBe(0);
    expect([kinds().length, g.chip.state.kvm.vpBase, g.chip.sources.find(IRQ)]).toEqual([0, 0, null]);
    expect(g.chip.devices.create('xive')).toBe(0);
    expect(g.run('connect', { type: 'xive', cpu: 0, server: 0 })).toBe(0);
  });
});
