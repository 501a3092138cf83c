// A device's interrupt is passed through and taken back, in XICS mode, where KVM knows what the guest has masked, and in native mode, where it does not.

import { describe, expect, it } from 'vitest';
import { openPower, openRouted, type PowerVm } from './__fixtures__/power-vm.ts';
import { properties } from './properties.ts';
import { clrPassthru, clrPassthruCorrected, setPassthru, setPassthruCorrected } from './protocols/passthru.ts';
import { hEoi } from './protocols/xics-eoi.ts';
import { type Guest, openWithSource } from './xics/__fixtures__/guest.ts';

const IRQ = 0x1300;
/** Linux irq of the device's first vector. */
const linuxIrq = (chip: Guest['chip']): number => chip.host.linuxIrq(0);

/** A source of priority 5 in XICS mode, and a device whose first vector the host has requested. */
function open(): Guest & { map(): number; unmap(): number; fire(): void; hw(): number; ipi(): number } {
  const g = openWithSource(IRQ);
  const { machine } = g.session;
  machine.vfio.open(0);
  g.run('vfio_msix', { device: 'nic', name: 'v' });
  const source = () => g.chip.sources.find(IRQ) as NonNullable<ReturnType<typeof g.chip.sources.find>>;
  return {
    ...g,
    map: () => g.chip.passthrough.add(IRQ, linuxIrq(g.chip)),
    unmap: () => g.chip.passthrough.remove(IRQ, linuxIrq(g.chip)),
    fire: () => g.chip.host.xive.sources.trigger(0),
    hw: () => g.chip.host.xive.sources.at(0).pq,
    ipi: () => g.chip.host.xive.sources.at(source().ipi - 1).pq,
  };
}

const eoi = (g: Guest) => g.run('h_eoi', { xirr: 0xff000000 + IRQ });
const line = (g: Guest) => g.run('irq_line', { n: IRQ, level: 1 });
const settle = (g: Guest): void => void g.session.machine.settle();

describe('XICS mode', () => {
  it('V-52 F-44 F-45: an idle device under an idle, unmasked source: enabled, the IPI off, the data the source number', () => {
    const g = open();
    expect([g.hw(), g.map()]).toEqual([0, 0]);
    expect([g.hw(), g.ipi(), g.chip.host.xive.sources.at(0).data]).toEqual([0, 1, IRQ]);
  });

  it('V-53 F-45 F-61: it fires, the guest takes and ends it; user space cannot trigger it', () => {
    const g = open();
    g.map();
    g.fire();
    expect([g.hw(), g.xirr()]).toEqual([2, 0xff001300]);
    eoi(g);
    expect([g.hw(), g.session.vm.kvm.setIrq(0, IRQ, 1, false)]).toEqual([0, -22]);
  });

  it('V-54 F-44: it fired on the host, which has not ended it: P is remembered, and it is sent to the guest', () => {
    const g = open();
    g.fire();
    expect(g.map()).toBe(0);
    expect([g.chip.host.irq(0).savedP, g.hw(), g.queue(0, 5)]).toEqual([1, 2, [0x80001300]]);
    settle(g);
    expect([g.chip.host.irq(0).savedP, g.chip.host.irq(0).staleP, g.hw()]).toEqual([0, 1, 2]);
  });

  it('V-55 F-45: the IPI is pending in the guest: the device waits for the guest’s EOI', () => {
    const g = open();
    line(g);
    g.map();
    expect(g.hw()).toBe(2);
    g.fire();
    expect([g.hw(), g.xirr()]).toEqual([3, 0xff001300]);
    eoi(g);
    expect([g.hw(), g.queue(0, 5, 2)]).toEqual([2, [0x80001300, 0x80001300]]);
  });

  it.each([
    ['set_mapped', setPassthru, 0],
    ['set_mapped, corrected', setPassthruCorrected, 0],
    ['clr_mapped', clrPassthru, 1],
    ['clr_mapped, corrected', clrPassthruCorrected, 1],
  ] as const)('F-45 F-51: %s drops the lock for an H_EOI that finds the source masked', (_name, path, mapped) => {
    const g = open();
    const { processes } = g.session.machine;
    if (mapped === 1) g.map();
    g.run('rtas', { name: 'ibm,int-off', args: [IRQ] });
    const source = g.chip.sources.find(IRQ) as NonNullable<ReturnType<typeof g.chip.sources.find>>;
    const eoiPid = processes.spawn(hEoi as never, { vm: 0, vcpu: 0, irq: IRQ, cppr: 0xff } as never);
    while (source.inEoi === 0) processes.step(eoiPid);
    const pid = processes.spawn(path as never, { vm: 0, gsi: IRQ, irq: 0 } as never);
    for (let steps = 0; steps < 60 && processes.step(pid) !== 'blocked'; ) steps++;
    settle(g);
    expect([source.inEoi, source.ptNumber === 0, g.chip.context.state.sbLocks.at(IRQ >> 10).holder]).toEqual([
      0,
      mapped === 1,
      0,
    ]);
  });

  it('F-45: one more waits in Q of the IPI: the mapping forgets it, and nobody sends it again', () => {
    const g = open();
    line(g);
    g.xirr();
    line(g);
    expect([g.ipi(), g.map()]).toEqual([0b11, 0]);
    eoi(g);
    expect([g.hw(), g.xirr()]).toEqual([0, 0xff000000]);
  });

  it('F-45: sent while the guest has it masked, it is forgotten by the mapping as well', () => {
    const g = open();
    g.run('rtas', { name: 'ibm,int-off', args: [IRQ] });
    line(g);
    expect([g.ipi(), g.map()]).toEqual([0b11, 0]);
    g.run('rtas', { name: 'ibm,int-on', args: [IRQ] });
    expect([g.hw(), g.xirr()]).toEqual([0, 0xff000000]);
  });

  it('V-56 F-45: the guest has it masked: what the device sends waits for the unmask', () => {
    const g = open();
    g.run('rtas', { name: 'ibm,set-xive', args: [IRQ, 0, 0xff] });
    g.map();
    expect(g.hw()).toBe(2);
    g.fire();
    expect(g.hw()).toBe(3);
    g.run('rtas', { name: 'ibm,set-xive', args: [IRQ, 0, 5] });
    expect([g.hw(), g.queue(0, 5)]).toEqual([2, [0x80001300]]);
  });

  it('V-57 F-45: taken back idle, the source is the host’s, and the IPI enabled', () => {
    const g = open();
    g.map();
    expect(g.unmap()).toBe(0);
    const source = g.chip.host.xive.sources.at(0);
    expect([g.hw(), g.ipi(), g.chip.host.irq(0).forwarded]).toEqual([0, 0, 0]);
    expect([source.data, g.chip.host.xive.state.ends.at(source.endIndex).host]).toEqual([0, 1]);
  });

  it('V-58 F-45: taken back while the guest has not ended it: the host gets it again, and the IPI waits for the guest', () => {
    const g = open();
    g.map();
    g.fire();
    expect([g.unmap(), g.hw(), g.chip.host.irq(0).queued, g.ipi()]).toEqual([0, 2, 1, 2]);
    g.xirr();
    eoi(g);
    expect(g.ipi()).toBe(0);
    settle(g);
    expect(g.hw()).toBe(0);
  });
});

describe('native mode', () => {
  const pass = (t: PowerVm, gsi = 0x20): number => t.chip.passthrough.add(gsi, t.chip.host.linuxIrq(0));
  const request = (t: PowerVm): void => void t.op('vfio_msix', { device: 'nic', name: 'v' });

  it('V-59: an unmasked source under which a device is put: what it sends waits for a guest that was told nothing (D-7)', () => {
    const t = openRouted();
    t.esb(0x20, 'set_pq_00');
    request(t);
    pass(t);
    expect(t.device().pq).toBe(2);
    t.op('device_msi', { device: 'nic' });
    expect([t.device().pq, t.queue()]).toEqual([3, ['0x0', '0x0', '0x0', '0x0']]);
    expect([t.esb(0x20, 'eoi'), t.queue()]).toEqual([1, ['0x80000020', '0x0', '0x0', '0x0']]);
  });

  it('V-59: the data is the source number; configuring it again makes it the EISN (D-8)', () => {
    const t = openRouted();
    request(t);
    pass(t);
    expect(t.device().data).toBe(0x20);
    t.op('config', { n: 0x20, eisn: 0x1234 });
    expect(t.device().data).toBe(0x20);
    t.op('config', { n: 0x20, eisn: 0x1235 });
    expect(t.device().data).toBe(0x1235);
    t.chip.passthrough.remove(0x20, t.chip.host.linuxIrq(0));
    expect([t.ipi(0x20).data, t.ipi(0x20).pq]).toEqual([0x20, 2]);
  });

  it('V-59: a kernel that passed the EISN on (D-8)', () => {
    const t = openRouted(0x20, { vm: { passthrough_data: 'eisn' } });
    request(t);
    pass(t);
    t.esb(0x20, 'set_pq_00');
    t.op('device_msi', { device: 'nic' });
    expect(t.queue()).toEqual(['0x80001234', '0x0', '0x0', '0x0']);
  });

  it('V-75 F-46: the same number twice is EINVAL, a full map EAGAIN, a host irq that is no MSI ENOENT', () => {
    const t = openRouted(0x20, { vm: { passthru: 2 } });
    request(t);
    t.op('source', { n: 0x21 });
    t.op('source', { n: 0x22 });
    expect([pass(t), pass(t), pass(t, 0x21), pass(t, 0x22)]).toEqual([0, -22, 0, -11]);
    expect(t.chip.passthrough.add(0x22, 5)).toBe(-2);
    expect([t.chip.passthrough.remove(0x20, t.chip.host.linuxIrq(0)), pass(t)]).toEqual([0, 0]);
  });

  it('F-46: 1024 entries is what a VM has', () => {
    expect(openPower().chip.state.kvm.passthru.length).toBe(1024);
  });

  it('F-46: taking back what was never mapped: 0 while nothing ever was, then ENODEV', () => {
    const t = openRouted();
    request(t);
    const back = () => t.chip.passthrough.remove(0x77, t.chip.host.linuxIrq(0));
    expect([back(), pass(t), back()]).toEqual([0, 0, -19]);
  });

  it('F-46: set_mapped fails and the answer is 0: the manager holds the two for connected (D-5)', () => {
    const t = openPower();
    request(t);
    expect(pass(t, 0x9000)).toBe(0);
    expect(t.chip.state.kvm.passthru.at(0).hostIrq).toBe(0);
    t.op('irqfd', { name: 'v', gsi: 0x9000 });
    expect(t.session.vm.kvm.state.irqfds.slot(0).producer).toBeGreaterThan(0);
    expect(t.chip.host.irq(0).forwarded).toBe(0);
  });

  it('F-43: with kvm_irq_bypass off the irqfd injects', () => {
    const t = openRouted(0x20, { vm: { bypass: false } });
    request(t);
    expect(t.ret('irqfd', { name: 'v', gsi: 0x20 })).toBe(0);
    t.esb(0x20, 'set_pq_00');
    t.op('device_msi', { device: 'nic' });
    expect([t.session.vm.kvm.state.irqfds.slot(0).producer, t.queue()]).toEqual([
      0,
      ['0x80001234', '0x0', '0x0', '0x0'],
    ]);
  });

  it('F-43: vector and irqfd in either order, and either may leave first', () => {
    const mapped = (t: PowerVm): boolean => t.source(0x20).ptNumber !== 0;
    const vfioFirst = openRouted();
    request(vfioFirst);
    vfioFirst.op('irqfd', { name: 'v', gsi: 0x20 });
    const irqfdFirst = openRouted();
    irqfdFirst.op('irqfd', { name: 'v', gsi: 0x20 });
    request(irqfdFirst);
    expect([mapped(vfioFirst), mapped(irqfdFirst)]).toEqual([true, true]);
    vfioFirst.op('vfio_msix', { device: 'nic', name: 'v', on: false });
    irqfdFirst.op('irqfd', { name: 'v', gsi: 0x20, deassign: true });
    expect([mapped(vfioFirst), mapped(irqfdFirst)]).toEqual([false, false]);
    expect([vfioFirst, irqfdFirst].map((t) => t.chip.host.irq(0).forwarded)).toEqual([0, 0]);
  });

  it('F-47 F-48: the device is closed while the interrupt is passed through: the source is off, the host’s irq forwarded for ever (D-9)', () => {
    const t = openRouted();
    request(t);
    t.op('irqfd', { name: 'v', gsi: 0x20 });
    for (const [page, pages] of [
      [0x1000, 4],
      [0x1000000, 0x200000],
    ])
      t.op('munmap', { page, pages });
    t.op('close');
    expect([t.device().pq, t.device().masked, t.chip.host.irq(0).forwarded]).toEqual([1, 1, 1]);
    expect(t.chip.state.kvm.passthru.at(0).hostIrq).toBe(1);
    expect(t.ret('create_device', { type: 'xics' })).toBe(0);
    t.op('irqfd', { name: 'v', gsi: 0x20, deassign: true });
    expect([t.chip.host.irq(0).forwarded, t.chip.state.kvm.passthru.at(0).hostIrq]).toEqual([1, 0]);
  });

  it.each([
    ['upstream', /blocks at 'lock sb'/],
    ['corrected', null],
  ])('F-45: %s: the host does not take the interrupt back (D-6)', (esb_mapping, throws) => {
    const t = openRouted(0x20, { vm: { esb_mapping } });
    request(t);
    pass(t);
    const { irqs } = t.chip.host.opal;
    const { configure } = irqs;
    Object.assign(irqs, { configure: (girq: number, to: never) => (girq === 16 ? -1 : configure(girq, to)) });
    expect(t.chip.passthrough.remove(0x20, t.chip.host.linuxIrq(0))).toBe(-6);
    const goesOn = properties.find((p) => p.name.startsWith('whoever holds the lock'));
    expect(goesOn?.holds(t.chip as never)).toBe(throws === null);
    const config = () => t.ret('config', { n: 0x20, eisn: 1 });
    if (throws === null) expect(config).not.toThrow();
    else expect(config).toThrow(throws);
  });

  it('F-45: the corrected order ends up in the same', () => {
    const end = (esb_mapping: string) => {
      const t = openRouted(0x20, { vm: { esb_mapping } });
      request(t);
      t.esb(0x20, 'get');
      t.op('irqfd', { name: 'v', gsi: 0x20 });
      t.esb(0x20, 'set_pq_00');
      t.op('device_msi', { device: 'nic' });
      const through = [t.device().pq, t.ipi(0x20).pq, t.queue()];
      t.op('irqfd', { name: 'v', gsi: 0x20, deassign: true });
      return [...through, t.esb(0x20, 'get'), t.device().pq, t.chip.host.irq(0).forwarded];
    };
    expect(end('corrected')).toEqual(end('upstream'));
  });
});
