// The guest changes between XICS and XIVE while a device is passed through: KVM's device is closed and another made, and nobody undoes the mapping.

import { describe, expect, it } from 'vitest';
import { type Guest, openGuest } from './xics/__fixtures__/guest.ts';

const IRQ = 0x1300;
/** Where the VMM has mapped the TIMA and the ESB pages. */
const WINDOWS = [
  [0x1000, 4],
  [0x1000000, 0x200000],
] as const;
type Mode = 'xics' | 'xive';

/** A guest with an unmasked source of priority 5, by the device of its mode. */
function setUp(g: Guest, mode: Mode): void {
  for (const vcpu of [0, 1]) g.run('connect', { type: mode, cpu: vcpu, server: vcpu });
  if (mode === 'xics') {
    g.enter(0);
    g.run('h_cppr', { cpu: 0, value: 0xff });
    g.run('xics_source_set', { n: IRQ, destination: 0, priority: 5 });
    return;
  }
  g.chip.native.mapWindows();
  g.run('source', { n: IRQ });
  g.run('eq', { prio: 5 });
  g.run('config', { n: IRQ, prio: 5, eisn: 0x77 });
  g.run('esb', { n: IRQ, cmd: 'set_pq_00' });
}

/** A VM of a mode with the device's first vector behind its source. */
function openMapped(mode: Mode): Guest {
  const g = openGuest({ vm: { dev: 'none', connect: false } });
  for (const vcpu of [0, 1]) g.leave(vcpu);
  g.run('create_device', { type: mode });
  setUp(g, mode);
  g.session.machine.vfio.open(0);
  g.run('vfio_msix', { device: 'nic', name: 'v' });
  g.run('irqfd', { name: 'v', gsi: IRQ });
  if (mode === 'xive') g.run('esb', { n: IRQ, cmd: 'set_pq_00' });
  return g;
}

/** The VMM closes the device and makes one of the other mode. */
function change(g: Guest, mode: Mode): void {
  if (mode === 'xive') g.leave(0);
  else for (const [page, pages] of WINDOWS) g.run('munmap', { page, pages });
  expect(g.run('close')).toBe(0);
  expect(g.run('create_device', { type: mode })).toBe(0);
  setUp(g, mode);
}

const host = (g: Guest) => g.chip.host.irq(0);
const hw = (g: Guest) => g.chip.host.xive.sources.at(0);
const fire = (g: Guest) => void g.run('device_msi', { device: 'nic' });
const source = (g: Guest) => g.chip.sources.find(IRQ) as NonNullable<ReturnType<typeof g.chip.sources.find>>;

describe.each<readonly [Mode, Mode]>([
  ['xics', 'xive'],
  ['xive', 'xics'],
])('F-48 from %s to %s', (from, to) => {
  it('F-48 taken back first, the device is the host’s, and can be given to the new mode', () => {
    const g = openMapped(from);
    fire(g);
    g.run('irqfd', { name: 'v', gsi: IRQ, deassign: true });
    expect(host(g).forwarded).toBe(0);
    change(g, to);
    g.run('irqfd', { name: 'v', gsi: IRQ });
    expect([host(g).forwarded, source(g).ptData]).toEqual([1, 1]);
  });

  it('F-47 F-48 still mapped, it is off, and forwarded to nobody: what it sends is lost (D-9)', () => {
    const g = openMapped(from);
    change(g, to);
    fire(g);
    expect([hw(g).pq, hw(g).masked, host(g).forwarded, source(g).ptNumber]).toEqual([0b01, 1, 1, 0]);
  });

  it('F-46 F-48 still mapped, the number is taken: the vector of the new mode is injected, not passed through', () => {
    const g = openMapped(from);
    change(g, to);
    g.run('vfio_msix', { device: 'nic', vector: 1, name: 'w' });
    expect(g.run('irqfd', { name: 'w', gsi: IRQ })).toBe(0);
    expect([source(g).ptNumber, g.chip.host.irq(1).forwarded]).toEqual([0, 0]);
    g.run('device_msi', { device: 'nic', vector: 1 });
    expect(g.pq(IRQ)).toBe(0b10);
  });
});

describe('F-48 the irqfd of the old mode goes after the switch: its mapping is undone on a source of the new device', () => {
  it('F-48 XICS: the source is masked while that is done, and as it was before', () => {
    const g = openMapped('xive');
    change(g, 'xics');
    g.run('irqfd', { name: 'v', gsi: IRQ, deassign: true });
    expect([host(g).forwarded, hw(g).pq, g.pq(IRQ), source(g).guestPriority]).toEqual([0, 0, 0, 5]);
    g.run('irq_line', { n: IRQ, level: 1 });
    expect(g.xirr()).toBe(0xff000000 + IRQ);
  });

  it('F-48 native: the source, which the guest has enabled, is left with P set: its next event waits for ever (D-7)', () => {
    const g = openMapped('xics');
    change(g, 'xive');
    g.run('irqfd', { name: 'v', gsi: IRQ, deassign: true });
    expect([host(g).forwarded, g.pq(IRQ)]).toEqual([0, 0b10]);
    g.run('irq_line', { n: IRQ, level: 1 });
    expect(g.pq(IRQ)).toBe(0b11);
  });
});
