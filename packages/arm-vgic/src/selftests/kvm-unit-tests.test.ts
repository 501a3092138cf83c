// What kvm-unit-tests arm/gic.c checks, and the kernel's selftest vgic_lpi_stress, in words of our own: IPIs, ICACTIVER in a handler, registers of a GICv2, ITS triggers, moves and migrations.

import { describe, expect, it } from 'vitest';
import { type ArmVm, openArm } from '../__fixtures__/arm-vm.ts';

const SPURIOUS = 1023;
const GICD = 0x8000000;
const CPUS = [0, 1, 2, 3];

type Args = Readonly<Record<string, unknown>>;

function guest(vm: Args = {}): ArmVm {
  const t = openArm({ vm: { cpus: 4, nr_irqs: 64, ...vm } });
  t.op('d', { reg: 'CTLR', value: vm['gic'] === 2 ? 1 : 2 });
  for (const cpu of CPUS) {
    for (let intid = 0; intid < 16; intid++)
      t.op('irq_setup', { intid, edge: true, cpu, group: vm['gic'] === 2 ? 0 : 1 });
    t.op('cpu_setup', { cpu });
  }
  for (const cpu of CPUS) t.op('vcpu_run', { cpu });
  return t;
}

/** What a CPU's handler acknowledges and ends, until nothing is left. */
function taken(t: ArmVm, cpu: number): number[] {
  const words: number[] = [];
  for (;;) {
    const word = t.op('iar', { cpu }).out?.['x0'] as number;
    if (word === SPURIOUS) return words;
    words.push(word);
    t.op('eoir', { intid: word, cpu });
  }
}
const all = (t: ArmVm): number[][] => CPUS.map((cpu) => taken(t, cpu));

describe('kut gic ipi', () => {
  const sgir = (t: ArmVm, value: number, cpu = 1): void => void t.op('guest_store', { addr: GICD + 0xf00, value, cpu });

  it('T15 T16 GICv2: broadcast, self, list; IAR has the sender', () => {
    const t = guest({ gic: 2 });
    sgir(t, 0x01000001);
    expect(all(t)).toEqual([[0x401], [], [0x401], [0x401]]);
    sgir(t, 0x02000001);
    expect(all(t)).toEqual([[], [0x401], [], []]);
    sgir(t, 0x00050001);
    expect(all(t)).toEqual([[0x401], [], [0x401], []]);
  });

  it('T18 GICv3: broadcast by IRM, targets by affinity', () => {
    const t = openArm({ vm: { cpus: 4, nr_irqs: 64 } });
    t.op('guest_boot');
    t.op('guest_ipi', { intid: 1, targets: [0, 2, 3], cpu: 1 });
    expect(CPUS.map((cpu) => t.op('guest_serve', { cpu }).out?.['intids'])).toEqual([[1], [], [1], [1]]);
    t.op('guest_ipi', { intid: 1, targets: [1], cpu: 1 });
    expect(CPUS.map((cpu) => t.op('guest_serve', { cpu }).out?.['intids'])).toEqual([[], [1], [], []]);
  });
});

it.each([2, 3])('T19 kut gic active, GICv%i: ICACTIVER in the handler, once acknowledged', (gic) => {
  const t = guest({ gic });
  const sgiFrame = gic === 2 ? GICD : 0x80b0000;
  if (gic === 2) t.op('guest_store', { addr: GICD + 0xf00, value: 0x02000001 });
  else t.op('guest_store', { addr: sgiFrame + 0x200, value: 2 });
  const word = t.op('iar').out?.['x0'] as number;
  expect(word & 0x3ff).toBe(1);
  t.op('guest_store', { addr: sgiFrame + 0x380, value: 2 });
  expect([t.irq(1).active, t.op('iar').out?.['x0']]).toEqual([0, SPURIOUS]);
});

describe('kut gic mmio, GICv2', () => {
  const open = (): ArmVm => openArm({ vm: { gic: 2, cpus: 3, nr_irqs: 64 } });
  const load = (t: ArmVm, at: number, size = 4): number =>
    Number(t.op('guest_load', { addr: GICD + at, size }).out?.['x0']);
  const store = (t: ArmVm, at: number, value: number, size = 4): void =>
    void t.op('guest_store', { addr: GICD + at, value, size });

  it.each([0x4, 0x8, 0xfe8])('T24 offset %i cannot be written', (at) => {
    const t = open();
    const before = load(t, at);
    for (const value of [0xffffffff, 0xa5a55a5a, 0]) {
      store(t, at, value);
      expect(load(t, at)).toBe(before);
    }
  });

  it('T20 T21 T22 T25 priorities: five bits, bytes and words, nothing beyond the last', () => {
    const t = open();
    store(t, 0x420, 0xffffffff);
    expect(load(t, 0x420)).toBe(0xf8f8f8f8);
    store(t, 0x420, 0xff7fbf3f);
    expect([load(t, 0x420), load(t, 0x421, 1)]).toEqual([0xf878b838, 0xb8]);
    store(t, 0x422, 0x1f, 1);
    expect(load(t, 0x420)).toBe(0xf818b838);
    store(t, 0x440, 0xffffffff);
    expect(load(t, 0x440)).toBe(0);
  });

  it('T23 targets: the vCPUs that there are', () => {
    const t = open();
    expect((load(t, 4) >>> 5) + 1).toBe(3);
    store(t, 0x820, 0x0103020f);
    expect(load(t, 0x820)).toBe(0x01030207);
    store(t, 0x822, 0x1f, 1);
    expect(load(t, 0x820)).toBe(0x01070207);
  });
});

/** its_setup1: device 2 event 20 is LPI 8195 on CPU 3, device 7 event 255 LPI 8196 on CPU 2. */
function mapped(t: ArmVm): ArmVm {
  for (const intid of [8195, 8196]) t.op('lpi_config', { intid });
  t.op('mapd', { dev: 2 });
  t.op('mapd', { dev: 7 });
  for (const n of [3, 2]) t.op('mapc', { icid: n, cpu: n });
  for (const icid of [2, 3]) t.op('invall', { icid });
  t.op('mapti', { dev: 2, event: 20, intid: 8195, icid: 3 });
  t.op('mapti', { dev: 7, event: 255, intid: 8196, icid: 2 });
  return t;
}
const fire = (t: ArmVm, dev: number, event: number): number[][] => {
  t.op('int', { dev, event });
  return all(t);
};

describe('kut its', () => {
  it('T50 T51 T52 its-trigger: INT, INV, INVALL, MAPD V=0', () => {
    const t = mapped(guest({ its: true }));
    expect(fire(t, 2, 20)).toEqual([[], [], [], [8195]]);
    expect(fire(t, 7, 255)).toEqual([[], [], [8196], []]);
    t.op('lpi_config', { intid: 8195, enable: false });
    t.op('inv', { dev: 2, event: 20 });
    expect(fire(t, 2, 20).flat()).toEqual([]);
    t.op('lpi_config', { intid: 8195 });
    expect(fire(t, 2, 20).flat()).toEqual([]);
    t.op('invall', { icid: 3 });
    expect(all(t)).toEqual([[], [], [], [8195]]);
    expect(fire(t, 2, 20)).toEqual([[], [], [], [8195]]);
    t.op('mapd', { dev: 2, valid: false });
    expect(fire(t, 2, 20).flat()).toEqual([]);
  });

  it('T49 its-introspection: IIDR and TYPER cannot be written', () => {
    const t = guest({ its: true });
    const at = 0x8080000;
    t.op('guest_store', { addr: at + 8, size: 8, value: '0xffffffffffffffff' });
    t.op('guest_store', { addr: at + 4, value: 0xffffffff });
    expect(t.op('guest_load', { addr: at + 8, size: 8 }).out?.['x0']).toBe(0x1ef71);
    expect(t.op('guest_load', { addr: at + 4 }).out?.['x0']).toBe(0x4b00043b);
  });
});

it.each(['6.1', '6.12', '7.3'])('selftest vgic_lpi_stress, %s: every LPI of every device arrives', (vgic) => {
  const t = openArm({ vm: { cpus: 2, nr_irqs: 64, its: true, vgic } });
  t.op('guest_boot');
  const [devices, events, rounds] = [4, 16, 3];
  for (let dev = 0; dev < devices; dev++)
    for (let event = 0; event < events; event++)
      t.op('guest_request_msi', { dev, event, vectors: events, target: event % 2 });
  for (let round = 0; round < rounds; round++) {
    for (let dev = 0; dev < devices; dev++)
      for (let event = 0; event < events; event++)
        expect(t.ret('signal_msi', { address_lo: 0x8090040, data: event, devid: dev })).toBe(1);
    const got = [0, 1].map((cpu) => t.op('guest_serve', { cpu }).out?.['intids'] as number[]);
    expect(got.map((intids) => intids.length)).toEqual([(devices * events) / 2, (devices * events) / 2]);
    expect(new Set(got.flat()).size).toBe(devices * events);
  }
});
