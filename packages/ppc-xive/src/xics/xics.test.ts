// What a guest in XICS mode sees, call by call.

import { describe, expect, it } from 'vitest';
import { type Guest, openGuest, openWithSource } from './__fixtures__/guest.ts';

const IRQ = 0x1101;
const line = (g: Guest, level = 1, irq = IRQ) => g.run('irq_line', { n: irq, level });
const vcpu = (g: Guest, index = 0) => g.chip.state.kvm.vcpus.at(index);
const setXive = (g: Guest, server: number, priority: number, irq = IRQ) =>
  g.run('rtas', { name: 'ibm,set-xive', args: [irq, server, priority] });

describe('presenting and ending (F-50, F-51)', () => {
  it('V-45: an interrupt of priority 5 lies in the queue, H_XIRR returns it with the CPPR before', () => {
    const g = openWithSource(IRQ);
    line(g);
    expect(g.queue(0, 5)).toEqual([0x80001101]);
    expect(g.xirr()).toBe(0xff001101);
    expect([g.ring(0).cppr, vcpu(g).pending, vcpu(g).cppr, g.pq(IRQ)]).toEqual([5, 0x20, 5, 0b10]);
  });

  it('V-46: one more while it is served comes after H_EOI, and only once', () => {
    const g = openWithSource(IRQ);
    line(g);
    g.xirr();
    line(g);
    expect(g.pq(IRQ)).toBe(0b11);
    expect(g.run('h_eoi', { xirr: 0xff001101 })).toEqual({ rc: 'H_SUCCESS' });
    expect([g.pq(IRQ), g.queue(0, 5, 2), g.ring(0).nsr]).toEqual([0b10, [0x80001101, 0x80001101], 0x80]);
    expect(g.xirr()).toBe(0xff001101);
    g.run('h_eoi', { xirr: 0xff001101 });
    expect(g.pq(IRQ)).toBe(0);
    expect([g.xirr(), vcpu(g).pending]).toEqual([0xff000000, 0]);
  });

  it('V-47: an IPI: MFRR, signal at priority 0, source number 2 at the priority of MFRR', () => {
    const g = openWithSource(IRQ);
    expect(g.run('h_ipi', { cpu: 1, server: 0, mfrr: 4 })).toEqual({ rc: 'H_SUCCESS' });
    expect([g.ring(0).ipb, g.ring(0).pipr]).toEqual([0x80, 0]);
    expect(g.xirr()).toBe(0xff000002);
    const ipi = g.chip.host.xive.sources.at(vcpu(g).vpIpi - 1);
    expect([vcpu(g).cppr, ipi.pq, g.ring(0).cppr]).toEqual([4, 0, 4]);
  });

  it('V-50: H_EOI of an unknown source is H_PARAMETER, and its CPPR counts', () => {
    const g = openWithSource(IRQ);
    g.run('h_cppr', { value: 0 });
    expect(g.run('h_eoi', { xirr: 0xff005000 })).toEqual({ rc: 'H_PARAMETER' });
    expect([vcpu(g).cppr, g.ring(0).cppr]).toEqual([0xff, 0xff]);
  });

  it.each([
    [7, 6],
    [5, 5],
    [6, 6],
    [0xff, 0xff],
    [0x42, 6],
    [0, 0],
  ])('V-51: H_CPPR(%i) is CPPR %i', (given, cppr) => {
    const g = openGuest();
    g.run('h_cppr', { value: given });
    expect([vcpu(g).cppr, g.ring(0).cppr]).toEqual([cppr, cppr]);
  });

  it('F-50 H_IPOLL shows what H_XIRR would take and takes nothing; of another server as well', () => {
    const g = openWithSource(IRQ);
    line(g);
    expect(g.run('h_ipoll', { cpu: 0, server: 0 })).toEqual({ rc: 'H_SUCCESS', r4: '0xff001101' });
    expect(g.run('h_ipoll', { cpu: 1, server: 0 })).toEqual({ rc: 'H_SUCCESS', r4: '0xff001101' });
    expect(g.run('h_ipoll', { cpu: 1, server: 9 })).toEqual({ rc: 'H_PARAMETER' });
    expect(g.xirr()).toBe(0xff001101);
    expect(g.run('h_ipoll', { cpu: 0, server: 0 })).toEqual({ rc: 'H_SUCCESS', r4: '0x5000000' });
  });

  it('F-50 H_XIRR_X returns the time base, 512 MHz, in r5', () => {
    const g = openWithSource(IRQ);
    line(g);
    g.session.machine.advance(1000);
    expect(g.run('h_xirr_x', { cpu: 0 })).toEqual({ rc: 'H_SUCCESS', r4: '0xff001101', r5: '0x200' });
  });

  it('F-50 an IPI for a server that does not exist is H_PARAMETER; one that CPPR stops is not signalled', () => {
    const g = openWithSource(IRQ);
    expect(g.run('h_ipi', { server: 7, mfrr: 4 })).toEqual({ rc: 'H_PARAMETER' });
    g.run('h_cppr', { value: 3 });
    g.run('h_ipi', { cpu: 1, server: 0, mfrr: 4 });
    expect([g.ring(0).ipb, vcpu(g).mfrr]).toEqual([0, 4]);
    g.run('h_cppr', { value: 0xff });
    expect(g.ring(0).nsr).toBe(0x80);
    expect(g.xirr()).toBe(0xff000002);
  });

  it('F-50 an MFRR beyond a byte is kept cut and compared whole: nobody is told', () => {
    const g = openWithSource(IRQ);
    g.run('h_ipi', { cpu: 1, server: 0, mfrr: 0x105 });
    expect([vcpu(g).mfrr, g.ring(0).nsr]).toEqual([5, 0]);
  });

  it('F-50 an MFRR of all ones withdraws the request', () => {
    const g = openWithSource(IRQ);
    g.run('h_cppr', { value: 0 });
    g.run('h_ipi', { cpu: 1, server: 0, mfrr: 4 });
    g.run('h_ipi', { cpu: 1, server: 0, mfrr: '0xffffffffffffffff' });
    g.run('h_cppr', { value: 0xff });
    expect([vcpu(g).mfrr, g.xirr()]).toEqual([0xff, 0xff000000]);
  });

  it('F-51 the IPI wins against an interrupt of the same priority, and the interrupt is not lost', () => {
    const g = openWithSource(IRQ);
    line(g);
    g.run('h_ipi', { cpu: 1, server: 0, mfrr: 5 });
    expect(g.xirr()).toBe(0xff000002);
    g.run('h_ipi', { cpu: 0, server: 0, mfrr: 0xff });
    g.run('h_eoi', { xirr: 0xff000002 });
    expect(g.xirr()).toBe(0xff001101);
  });

  it('F-51 the more favoured of two interrupts comes first, the other when CPPR opens', () => {
    const g = openWithSource(IRQ);
    g.run('xics_source_set', { n: 0x1102, destination: 0, priority: 2 });
    line(g);
    line(g, 1, 0x1102);
    expect(g.xirr()).toBe(0xff001102);
    expect(g.xirr()).toBe(0x02000000);
    g.run('h_eoi', { xirr: 0xff001102 });
    expect(g.xirr()).toBe(0xff001101);
  });

  it('F-50 a vCPU without ICP leaves for the VMM; one outside the guest makes no hcall', () => {
    const native = openGuest({ vm: { dev: 'xive' } });
    expect(native.run('h_xirr', { cpu: 0 })).toEqual({ rc: 'H_FUNCTION' });
    const g = openGuest();
    g.leave(1);
    expect(g.run('h_xirr', { cpu: 1 })).toBe(-22);
  });
});

describe('masking and targets (F-52, F-53)', () => {
  it('V-48: masked while it is served: what comes waits for the unmasking', () => {
    const g = openWithSource(IRQ);
    line(g);
    g.xirr();
    const s = g.chip.xics.source(IRQ);
    expect(setXive(g, 0, 0xff)).toEqual({ status: 0, rets: [] });
    expect([g.pq(IRQ), s.oldP]).toEqual([0b10, 1]);
    line(g);
    expect(g.pq(IRQ)).toBe(0b11);
    g.run('h_eoi', { xirr: 0xff001101 });
    expect([g.pq(IRQ), s.oldP]).toEqual([0b11, 0]);
    setXive(g, 0, 5);
    expect([g.pq(IRQ), g.xirr()]).toEqual([0b10, 0xff001101]);
  });

  it('V-49 F-52: H_CPPR(0) gives away what has another target by now', () => {
    const g = openWithSource(IRQ);
    line(g);
    setXive(g, 1, 5);
    g.run('h_cppr', { cpu: 0, value: 0 });
    expect([g.queue(0, 5), g.pq(IRQ), g.ring(1).nsr]).toEqual([[0x80000001], 0b10, 0x80]);
    expect(g.xirr(1)).toBe(0xff001101);
    g.run('h_cppr', { cpu: 0, value: 0xff });
    const q = vcpu(g).queues.at(5);
    expect([q.count, q.pendingCount]).toEqual([1, 1]);
    expect(g.xirr(0) & 0xffffff).toBe(0);
    expect([q.count, q.pendingCount]).toEqual([0, 0]);
  });

  it('F-53 get-xive: target and priority of the guest; int-off and int-on keep the priority', () => {
    const g = openWithSource(IRQ);
    const get = () => g.run('rtas', { name: 'ibm,get-xive', args: [IRQ] });
    setXive(g, 1, 3);
    expect(get()).toEqual({ status: 0, rets: [1, 3] });
    g.run('rtas', { name: 'ibm,int-off', args: [IRQ] });
    expect(get()).toEqual({ status: 0, rets: [1, 0xff] });
    line(g);
    expect([g.pq(IRQ), g.ring(1).nsr]).toEqual([0b11, 0]);
    g.run('rtas', { name: 'ibm,int-on', args: [IRQ] });
    expect([get(), g.pq(IRQ), g.ring(1).nsr]).toEqual([{ status: 0, rets: [1, 3] }, 0b10, 0x80]);
  });

  it('F-53 a second int-off keeps the priority of a masked source: int-on does nothing', () => {
    const g = openWithSource(IRQ);
    for (let i = 0; i < 2; i++) g.run('rtas', { name: 'ibm,int-off', args: [IRQ] });
    expect(g.run('rtas', { name: 'ibm,int-on', args: [IRQ] })).toEqual({ status: 0, rets: [] });
    expect(g.chip.xics.source(IRQ).guestPriority).toBe(0xff);
  });

  const refused: readonly (readonly [string, string, readonly number[]])[] = [
    ['an unknown block', 'ibm,set-xive', [0x9000, 0, 5]],
    ['an unknown block, masking', 'ibm,set-xive', [0x9000, 0, 0xff]],
    ['an unknown server', 'ibm,set-xive', [IRQ, 9, 5]],
    ['a priority that is 0xFF only when it is cut', 'ibm,set-xive', [IRQ, 0, 0x1ff]],
    ['a source of the block that was never made', 'ibm,set-xive', [IRQ + 1, 0, 5]],
    ['an unknown block', 'ibm,get-xive', [0x9000]],
    ['an unknown block', 'ibm,int-off', [0x9000]],
    ['a source without target', 'ibm,int-on', [IRQ + 1]],
    ['too few arguments', 'ibm,set-xive', [IRQ, 0]],
    ['too many arguments', 'ibm,int-on', [IRQ, 0]],
  ];
  it.each(refused)('F-53 -3 for %s: %s', (_name, name, args) => {
    expect(openWithSource(IRQ).run('rtas', { name, args: [...args] })).toEqual({ status: -3, rets: [] });
  });

  it('F-53 a target that cannot be had: -3, the old one stays, and the source is unmasked all the same', () => {
    const g = openWithSource(IRQ);
    setXive(g, 0, 0xff);
    expect(setXive(g, 9, 5)).toEqual({ status: -3, rets: [] });
    const { guestPriority, actServer } = g.chip.xics.source(IRQ);
    expect([guestPriority, actServer]).toEqual([5, 0]);
  });
});

describe('queues (F-54)', () => {
  it('F-54 are made for a priority at its first use, on every vCPU, also on one that comes later', () => {
    const g = openGuest({ vm: { connect: false } });
    g.run('connect', { type: 'xics', cpu: 0, server: 0 });
    expect(g.chip.state.kvm.qmap).toBe(0);
    g.run('xics_source_set', { n: IRQ, destination: 0, priority: 5 });
    g.run('connect', { type: 'xics', cpu: 1, server: 1 });
    const pages = [0, 1].map((v) => [4, 5, 6].map((p) => vcpu(g, v).queues.at(p).qpage));
    expect([g.chip.state.kvm.qmap, pages]).toEqual([
      0x20,
      [
        [0, 1, 0],
        [0, 1, 0],
      ],
    ]);
  });

  it('F-54 are END configurations of 64 KiB that notify always and escalate; without memory they notify only', () => {
    const g = openWithSource(IRQ);
    const { vpId } = vcpu(g);
    const info = (priority: number) => g.chip.host.opal.queues.info(vpId, priority);
    expect([info(5)?.qsize, info(5)?.flags, info(4)?.qsize, info(4)?.flags]).toEqual([16, 7, 0, 7]);
  });

  it('F-54 hold 16382 sources; the next one goes to another vCPU, and nowhere when all are full', () => {
    const g = openWithSource(IRQ);
    const [a, b] = [vcpu(g, 0).queues.at(5), vcpu(g, 1).queues.at(5)];
    a.count = 16382;
    g.run('xics_source_set', { n: 0x1102, destination: 0, priority: 5 });
    expect([g.chip.xics.source(0x1102).actServer, b.count]).toEqual([1, 1]);
    b.count = 16382;
    g.run('xics_source_set', { n: 0x1103, destination: 0, priority: 0xff });
    expect(setXive(g, 0, 5, 0x1103)).toEqual({ status: -3, rets: [] });
  });

  it('F-54 wrap: the second round has the other generation bit', () => {
    const g = openWithSource(IRQ);
    const q = vcpu(g).queues.at(5);
    const end = g.chip.host.xive.state.ends.at(g.chip.host.opal.endOfVp(vcpu(g).vpId, 5));
    end.index = q.idx = 16383;
    for (let i = 0; i < 3; i++) {
      line(g);
      expect(g.xirr()).toBe(0xff001101);
      g.run('h_eoi', { xirr: 0xff001101 });
    }
    expect([q.idx, q.toggle, end.index, end.generation]).toEqual([2, 1, 2, 0]);
    expect(g.queue(0, 5, 2)).toEqual([0x1101, 0x1101]);
  });
});
