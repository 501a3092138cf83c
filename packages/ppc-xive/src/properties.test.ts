// Each property of a composed POWER VM holds of a VM that is used, and is broken by the state that it forbids.

import { describe, expect, it } from 'vitest';
import { openRouted, type PowerVm } from './__fixtures__/power-vm.ts';
import { inspect } from './inspect.ts';
import { WINDOW } from './kvm/mappings.ts';
import { properties } from './properties.ts';

const IRQ = 0x20;
const PAGE = WINDOW.ESB + 2 * IRQ;

const broken = (t: PowerVm): string[] => properties.filter((p) => !p.holds(t.chip as never)).map((p) => p.name);

function used(vm = {}): PowerVm {
  const t = openRouted(IRQ, { vm });
  t.op('touch', { page: PAGE });
  t.op('vfio_msix', { device: 'nic', name: 'v' });
  t.op('irqfd', { name: 'v', gsi: IRQ });
  t.op('touch', { page: PAGE });
  t.esb(IRQ, 'set_pq_00');
  t.op('device_msi', { device: 'nic' });
  return t;
}

const queue = (t: PowerVm) => t.chip.state.kvm.vcpus.at(0).queues.at(6);
const end = (t: PowerVm) =>
  t.chip.host.xive.state.ends.at(t.chip.host.opal.endOfVp(t.chip.state.kvm.vcpus.at(0).vpId, 6));

/** What breaks a property, by its name: at times another that says the same differently. */
const BREAKS: readonly (readonly [string, (t: PowerVm) => void])[] = [
  ['a queue is never promised more interrupts than it has entries', (t) => Object.assign(queue(t), { count: 16385 })],
  ['a queue counts every source that is routed to it', (t) => Object.assign(queue(t), { count: 0 })],
  [
    'hardware writes entries only into memory of the VM whose queue it is',
    (t) => Object.assign(end(t), { qaddrHi: end(t).qaddrHi + 16 }),
  ],
  ['KVM holds a page of the guest exactly while a queue is in it', (t) => Object.assign(queue(t), { refs: 2 })],
  ['the device counts its sources', (t) => Object.assign(t.chip.state.kvm, { srcCount: 2 })],
  [
    'no page of a source that is not behind one of the VM’s own is mapped in it',
    (t) => Object.assign(t.source(IRQ), { ptNumber: 0, ptData: 0 }),
  ],
  ['number and data of a passed-through interrupt go together', (t) => Object.assign(t.source(IRQ), { ptData: 0 })],
  [
    'an interrupt that is passed through is forwarded in the host',
    (t) => Object.assign(t.chip.host.irq(0), { forwarded: 0 }),
  ],
  [
    'the device remembers its address_space while something is mapped',
    (t) => Object.assign(t.chip.state.kvm, { mapping: 0 }),
  ],
  [
    'whoever holds the lock of a block of sources goes on',
    (t) => Object.assign(t.chip.state.kvm.sbLocks.at(0), { holder: 9 }),
  ],
];

describe('properties of a POWER VM', () => {
  it.each([
    ['upstream', {}],
    ['corrected', { esb_mapping: 'corrected' }],
  ])('hold of a VM that is used, taken back and closed: %s', (_name, vm) => {
    const t = used(vm);
    expect(broken(t)).toEqual([]);
    t.op('irqfd', { name: 'v', gsi: IRQ, deassign: true });
    expect(broken(t)).toEqual([]);
    t.op('reset');
    t.op('munmap', { page: WINDOW.TIMA, pages: 4 });
    t.op('munmap', { page: WINDOW.ESB, pages: 0x200000 });
    t.op('close');
    expect(broken(t)).toEqual([]);
  });

  it('there is a state that breaks each', () => {
    expect(BREAKS.map(([name]) => name)).toEqual(properties.map((p) => p.name));
  });

  it.each(BREAKS)('%s', (name, breaks) => {
    const t = used();
    breaks(t);
    expect(broken(t)).toContain(name);
  });
});

describe('what inspect shows', () => {
  it('F-63: vCPUs with their queues, sources with what is behind them, mappings, passed-through interrupts', () => {
    const t = used();
    const text = Object.fromEntries(inspect(t.chip).map(({ title, lines }) => [title.split(' ')[0], lines]));
    expect(text['vCPUs']).toEqual([
      expect.stringMatching(/^vCPU 0 server=0 VP=[0-9a-f]{8} w2=8[0-9a-f]{7} w01=00000000ff000000$/),
      expect.stringMatching(/^ {4}queue 6 @100000 16384 entries 1\^1 routed=1 esc=100[0-9a-f]+$/),
    ]);
    expect(text['Sources']).toEqual(['00000020 hw=00000010 PT  MSI P- prio=6 server=0 eisn=1234']);
    expect(text['Passed-through']).toEqual(['00000020 irq 64']);
    expect(text['Mappings']).toHaveLength(4);
  });
});
