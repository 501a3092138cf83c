// irqfds, routes, resampling and VFIO's automask on an Arm VM: T28 to T34, T38, T39, T59, rows F-37 to F-42, F-44, and the ways of getting stuck W1 to W6.

import { EAGAIN, EBUSY, EINVAL, ENODEV } from '@virq/irq-core/errors';
import type { KernelVersion } from '@virq/irq-core/kvm';
import { describe, expect, it } from 'vitest';
import { type ArmVm, openArm } from './__fixtures__/arm-vm.ts';
import { encodeV3, LR_STATE } from './lr/format.ts';

type Row = Readonly<Record<string, unknown>>;

const SPI = 40;
const GSI = SPI - 32;
const ICPENDR1 = 0x8000284;
const ICFGR2 = 0x8000c08;
const ISENABLER1 = 0x8000104;
const BIT = 1 << (SPI - 32);
/** ICFGR2 with SPI 40 at bits 17:16. */
const EDGE_40 = 2 << 16;

/** A guest that has its distributor and CPU interface on, and SPI 40 as asked. */
function guest(setUp: Row = {}, vm: Row = {}, kernel: KernelVersion = '6.12'): ArmVm {
  const t = openArm({ kernel, vm });
  t.op('d', { reg: 'CTLR', value: t.chip.options.gic === 2 ? 1 : 2 });
  t.op('cpu_setup');
  t.op('irq_setup', { intid: SPI, ...setUp });
  return t;
}

const armed = (setUp: Row = {}, vm: Row = {}, kernel: KernelVersion = '6.12'): ArmVm => {
  const t = guest(setUp, vm, kernel);
  expect(t.ret('irqfd', { name: 'a', gsi: GSI, resample: 'r' })).toBe(0);
  return t;
};
const iar = (t: ArmVm): number => t.op('iar').out?.['x0'] as number;
const eoir = (t: ArmVm, intid = SPI): void => void t.op('eoir', { intid });
const efd = (t: ArmVm): Row => t.session.observe()['efd'] as Row;
/** Takes the interrupt and ends it, an exit between. */
const serve = (t: ArmVm): number[] => {
  const taken = iar(t);
  if (taken !== 1023) eoir(t, taken);
  return [taken, t.irq(SPI).lineLevel];
};
const store = (t: ArmVm, addr: number, value: number): void => void t.op('guest_store', { addr, value });
const acks = (t: ArmVm): string[] => t.session.takeTrace().filter((l) => l.includes('kvm_ack_irq'));

describe('resampling', () => {
  it('T28 F-39 F-38 signal, IAR, EOIR: line, list register, ack of the pin, line, resamplefd', () => {
    const t = armed();
    t.op('efd_write', { name: 'a' });
    expect([t.irq(SPI).lineLevel, t.irq(SPI).pendingLatch]).toEqual([1, 0]);
    t.op('vcpu_run');
    const lr = t.chip.state.interfaces.at(0).lrs.at(0);
    const word = encodeV3({
      ...{ intid: lr.intid, state: lr.state, group: lr.group, hw: lr.hw, eoi: lr.eoi },
      source: 0,
      pintid: 0,
      priority: lr.priority,
    } as never);
    expect([word.hi >>> 0, word.lo, lr.state]).toEqual([0x50a00200, 0x28, LR_STATE.PENDING]);
    t.op('vcpu_exit');
    acks(t);
    expect([iar(t), acks(t), t.irq(SPI).lineLevel]).toEqual([SPI, [], 1]);
    eoir(t);
    expect(acks(t)).toEqual(['kvm_ack_irq: irqchip 0 pin 8']);
    expect([t.irq(SPI).lineLevel, efd(t)]).toEqual([0, { a: 0, r: 1 }]);
  });

  it.each([
    ['6.12', 3, {}, 1],
    ['6.18', 3, {}, 1],
    ['6.18', 3, { vgic: '7.3' }, 0],
    ['6.18', 2, { vgic: '7.3', host_gic: 2, gic: 2 }, 1],
  ] as const)(
    'T28 F-40 W6 Linux %s, host GICv%i, %o: IAR and EOIR with no exit between make %i acks',
    (kernel, _host, vm, n) => {
      const t = armed({}, vm, kernel);
      t.op('vcpu_run');
      t.op('efd_write', { name: 'a' });
      acks(t);
      expect(iar(t)).toBe(SPI);
      eoir(t);
      t.op('vcpu_exit');
      expect([acks(t).length, t.irq(SPI).lineLevel, efd(t)['r']]).toEqual([n, 1 - n, n]);
      // Not silence but a storm: the line is high, so that it comes again, until an exit falls between.
      expect(serve(t)).toEqual(n === 1 ? [1023, 0] : [SPI, 0]);
      expect(efd(t)['r']).toBe(1);
    },
  );

  it('T34 F-39 two irqfds on one GSI: the line falls once, both hear of it', () => {
    const t = armed();
    expect(t.ret('irqfd', { name: 'b', gsi: GSI, resample: 's' })).toBe(0);
    t.op('efd_write', { name: 'a' });
    t.op('efd_write', { name: 'b' });
    t.session.takeTrace();
    expect(serve(t)).toEqual([SPI, 0]);
    const falls = t.session.takeTrace().filter((l) => l.includes(`IRQ ${SPI}, level: 0`));
    expect([efd(t), falls.length]).toEqual([{ a: 0, r: 1, b: 0, s: 1 }, 1]);
  });

  it('F-39 neither ICPENDR, ICENABLER nor ICACTIVER is an end: nobody hears of it', () => {
    const t = armed();
    t.op('efd_write', { name: 'a' });
    iar(t);
    for (const at of [ICPENDR1, 0x8000184, 0x8000384]) store(t, at, BIT);
    expect([t.irq(SPI).lineLevel, efd(t)['r']]).toEqual([1, 0]);
  });

  it('F-39 two GSIs on one pin: only the last of the table hears', () => {
    const t = guest();
    const route = (gsi: number) => ({ gsi, type: 'irqchip', pin: GSI });
    t.op('set_gsi_routing', { entries: [route(1), route(2)] });
    for (const gsi of [1, 2]) t.op('irqfd', { name: `e${gsi}`, gsi, resample: `r${gsi}` });
    t.op('efd_write', { name: 'e1' });
    expect(serve(t)).toEqual([SPI, 0]);
    expect(efd(t)).toMatchObject({ r1: 0, r2: 1 });
  });

  it('F-39 an empty table: a signal is lost, and an ack finds nobody', () => {
    const t = armed();
    t.op('efd_write', { name: 'a' });
    t.op('set_gsi_routing', { entries: [] });
    expect(serve(t)).toEqual([SPI, 1]);
    expect(efd(t)['r']).toBe(0);
    t.op('irq_line', { irq: SPI, level: 0 });
    t.op('efd_write', { name: 'a' });
    expect(t.irq(SPI).lineLevel).toBe(0);
  });
});

describe('irqfds', () => {
  it.each(['6.1', '6.12', '6.18'] as const)(
    'T33 F-38 %s: without resamplefd the line of a level SPI stays high',
    (kernel) => {
      const t = guest({}, {}, kernel);
      t.op('irqfd', { name: 'a', gsi: GSI });
      t.op('efd_write', { name: 'a' });
      expect(t.irq(SPI).lineLevel).toBe(1);
      expect([serve(t), serve(t)]).toEqual([
        [SPI, 1],
        [SPI, 1],
      ]);
      t.op('irq_line', { irq: SPI, level: 0 });
      expect(iar(t)).toBe(1023);
    },
  );

  it('F-38 one that is signalled already at assign goes through the worker: up and down', () => {
    const t = guest();
    t.op('eventfd', { name: 'a', initial: 1 });
    t.op('irqfd', { name: 'a', gsi: GSI });
    expect([t.irq(SPI).lineLevel, iar(t)]).toEqual([0, 1023]);
    const edge = guest({ edge: true });
    edge.op('eventfd', { name: 'a', initial: 1 });
    edge.op('irqfd', { name: 'a', gsi: GSI });
    expect(iar(edge)).toBe(SPI);
  });

  it('F-38 the worker of a resampling one goes up only', () => {
    const t = guest();
    t.op('eventfd', { name: 'a', initial: 1 });
    t.op('irqfd', { name: 'a', gsi: GSI, resample: 'r' });
    expect(serve(t)).toEqual([SPI, 0]);
    expect(efd(t)['r']).toBe(1);
  });

  it('T39 F-37 to an SPI that the VM does not have: the write succeeds, nothing comes', () => {
    const t = guest({}, { nr_irqs: 64 });
    t.op('set_gsi_routing', { entries: [{ gsi: 5, type: 'irqchip', pin: 32 }] });
    expect([t.ret('irqfd', { name: 'a', gsi: 5 }), t.ret('efd_write', { name: 'a' }), iar(t)]).toEqual([0, 0, 1023]);
  });

  it.each([
    [987, 0],
    [988, -EINVAL],
  ])('T38 F-37 a route to pin %i is %i', (pin, ret) => {
    expect(openArm().ret('set_gsi_routing', { entries: [{ gsi: 0, type: 'irqchip', pin }] })).toBe(ret);
  });

  it('F-37 default routing: GSI n is SPI 32 + n, for every SPI', () => {
    const { kvm } = openArm({ vm: { nr_irqs: 96 } }).session.vm;
    expect([0, 63, 64].map((pin) => kvm.routing.gsiOfPin(0, pin))).toEqual([0, 63, -1]);
  });

  it('F-38 before the VGIC is initialised: EAGAIN', () => {
    expect(openArm({ vm: { init: false } }).ret('irqfd', { name: 'a', gsi: GSI })).toBe(-EAGAIN);
  });

  it('F-39 deassign: the last resampler of a GSI lowers the line, and nobody is told', () => {
    const t = armed();
    t.op('irqfd', { name: 'b', gsi: GSI, resample: 's' });
    t.op('efd_write', { name: 'a' });
    expect([t.ret('irqfd', { name: 'a', gsi: GSI, deassign: true }), t.irq(SPI).lineLevel]).toEqual([0, 1]);
    expect([t.ret('irqfd', { name: 'b', gsi: GSI, deassign: true }), t.irq(SPI).lineLevel]).toEqual([0, 0]);
    expect([efd(t), iar(t)]).toEqual([{ a: 0, r: 0, b: 0, s: 0 }, 1023]);
  });
});

describe('MSIs', () => {
  const MSI = { address_lo: 0x08090040, data: 3, devid: 1, flags: 1 };
  const mapped = (kernel: KernelVersion = '6.12'): ArmVm => {
    const t = guest({}, { its: 1 }, kernel);
    t.op('lpi_config', { intid: 8195 });
    t.op('mapd', { dev: 1 });
    t.op('mapc', { icid: 0, cpu: 0 });
    t.op('mapti', { dev: 1, event: 3, intid: 8195, icid: 0 });
    return t;
  };
  const signal = (t: ArmVm, args: Row = {}): number => t.ret('signal_msi', { ...MSI, ...args });

  it.each(['6.1', '6.12', '6.18'] as const)(
    'T59 F-44 %s: KVM_SIGNAL_MSI delivered, not mapped, no device, no ITS there',
    (kernel) => {
      const t = mapped(kernel);
      expect([
        signal(t, { data: 4 }),
        signal(t, { flags: 0 }),
        signal(t, { address_lo: 0x7090040 }),
        signal(t, { flags: 3 }),
      ]).toEqual([0, -EINVAL, -EINVAL, -EINVAL]);
      expect([signal(t), iar(t)]).toEqual([1, 8195]);
      // Linux: what the cache has is not asked for flags.
      expect(signal(t, { flags: 0 })).toBe(1);
    },
  );

  it('T59 F-44 ITS off, LPIs off: EBUSY; no ITS: ENODEV; no VGIC: EINVAL', () => {
    const its = mapped();
    its.op('set_attr', { device: 0, group: 8, attr: 0, value: 0 });
    expect(signal(its)).toBe(-EBUSY);
    const lpis = mapped();
    lpis.op('set_attr', { group: 5, attr: 0, value: 0 });
    expect(signal(lpis)).toBe(-EBUSY);
    expect([signal(openArm()), signal(openArm({ vm: { gic: 0 } }))]).toEqual([-ENODEV, -EINVAL]);
  });

  it('F-38 F-44 an irqfd: a translation in the cache in the context of the writer, others through the worker', () => {
    const t = mapped();
    t.op('set_gsi_routing', { entries: [{ gsi: 20, type: 'msi', ...MSI }] });
    t.op('irqfd', { name: 'a', gsi: 20 });
    const { machine } = t.session;
    const { arch } = t.session.vm.chip;
    const route = { type: 2, irqchip: 0, pin: 0, addressLo: MSI.address_lo, addressHi: 0, data: 3, flags: 1, devid: 1 };
    expect(arch.setIrqInatomic(route, 0, 1)).toBeLessThan(0);
    machine.eventfds.write(t.session.eventfd('a'), 1);
    expect(t.irq(8195).pendingLatch).toBe(0);
    machine.settle();
    expect(iar(t)).toBe(8195);
    eoir(t, 8195);
    machine.eventfds.write(t.session.eventfd('a'), 1);
    expect([t.irq(8195).pendingLatch, iar(t)]).toEqual([1, 8195]);
  });

  it('F-37 a route needs no ITS, and is asked for its devid only when it is used', () => {
    const t = openArm();
    expect(t.ret('set_gsi_routing', { entries: [{ gsi: 20, type: 'msi', ...MSI, flags: 0 }] })).toBe(0);
    expect([t.ret('irqfd', { name: 'a', gsi: 20 }), t.ret('efd_write', { name: 'a' })]).toEqual([0, 0]);
    expect(t.ret('set_gsi_routing', { entries: [{ gsi: 20, type: 5 }] })).toBe(-EINVAL);
  });
});

/** The platform device `mgbe` on host irq 40, its eventfd an irqfd, its unmask the resamplefd. */
function passThrough(t: ArmVm): ArmVm {
  for (const [op, args] of [
    ['device_open', { device: 'mgbe' }],
    ['vfio_intx', { device: 'mgbe', trigger: 'a', unmask: 'r' }],
    ['irqfd', { name: 'a', gsi: GSI, resample: 'r' }],
  ] as const)
    expect([op, t.ret(op, args)]).toEqual([op, 0]);
  return t;
}
const vfio = (t: ArmVm): number => t.session.machine.vfio.state.devices.at(t.session.device('mgbe')).masked;
const assert = (t: ArmVm): void => void t.op('device_assert', { device: 'mgbe' });
const quieten = (t: ArmVm): void => void t.op('device_deassert', { device: 'mgbe' });

describe('a device of vfio-platform', () => {
  it('F-41 host line, automask, eventfd, irqfd, SPI; EOI, resamplefd, unmask', () => {
    const t = passThrough(guest());
    assert(t);
    expect([vfio(t), t.irq(SPI).lineLevel, iar(t)]).toEqual([1, 1, SPI]);
    quieten(t);
    eoir(t);
    expect([vfio(t), t.irq(SPI).lineLevel, iar(t)]).toEqual([0, 0, 1023]);
  });

  it('T29 F-41 it still asserts after the unmask: it comes again, once for each EOI', () => {
    const t = passThrough(guest());
    assert(t);
    for (let n = 0; n < 3; n++) {
      expect([iar(t), iar(t)]).toEqual([SPI, 1023]);
      eoir(t);
      expect([vfio(t), t.irq(SPI).lineLevel]).toEqual([1, 1]);
    }
  });

  it('T30 F-42 signal before the guest sets the SPI up; ICPENDR, then enable: delivered, acked, unmasked', () => {
    const t = passThrough(guest({ enable: false }));
    assert(t);
    expect([vfio(t), iar(t)]).toEqual([1, 1023]);
    store(t, ICPENDR1, BIT);
    store(t, ISENABLER1, BIT);
    expect(iar(t)).toBe(SPI);
    quieten(t);
    eoir(t);
    expect([vfio(t), t.irq(SPI).lineLevel]).toEqual([0, 0]);
  });

  it('T31 F-02 F-42 the same with one bit for line and latch: ICPENDR takes the assertion with it, never delivered, masked for ever', () => {
    const t = passThrough(guest({ enable: false }, { pending_state: 'single' }));
    assert(t);
    expect([vfio(t), t.irq(SPI).pendingLatch | t.irq(SPI).lineLevel]).toEqual([1, 1]);
    store(t, ICPENDR1, BIT);
    store(t, ISENABLER1, BIT);
    expect([iar(t), t.irq(SPI).pendingLatch | t.irq(SPI).lineLevel]).toEqual([1023, 0]);
    assert(t);
    store(t, ISENABLER1, BIT);
    t.op('vcpu_exit');
    t.op('vcpu_run');
    expect([iar(t), vfio(t)]).toEqual([1023, 1]);
  });

  it('F-02 with one bit and no ICPENDR it is delivered as ever', () => {
    const t = passThrough(guest({ enable: false }, { pending_state: 'single' }));
    assert(t);
    store(t, ISENABLER1, BIT);
    expect(iar(t)).toBe(SPI);
    quieten(t);
    eoir(t);
    expect(vfio(t)).toBe(0);
  });

  it('T32 F-42 W1 signal while the SPI is edge, then ICPENDR, level, enable: lost, masked for good', () => {
    const t = passThrough(guest({ edge: true, enable: false }));
    assert(t);
    store(t, ICPENDR1, BIT);
    store(t, ICFGR2, 0);
    store(t, ISENABLER1, BIT);
    expect([iar(t), vfio(t), t.irq(SPI).lineLevel]).toEqual([1023, 1, 0]);
  });

  it('T32 F-42 W1 without the ICPENDR the latch lasts, the EOI is seen, and all is well', () => {
    const t = passThrough(guest({ edge: true, enable: false }));
    assert(t);
    store(t, ICFGR2, 0);
    store(t, ISENABLER1, BIT);
    expect([iar(t), vfio(t)]).toEqual([SPI, 1]);
    quieten(t);
    eoir(t);
    expect(vfio(t)).toBe(0);
  });

  it('F-42 W1 taken as an edge there is no EOI to see: masked for good', () => {
    const t = passThrough(guest({ edge: true }));
    assert(t);
    expect(serve(t)[0]).toBe(SPI);
    store(t, ICFGR2, EDGE_40);
    expect([vfio(t), iar(t)]).toEqual([1, 1023]);
  });

  it('F-42 W2 the VMM resets the GIC after it has armed the irqfd: latch and line are gone, VFIO stays masked', () => {
    const t = passThrough(guest());
    assert(t);
    expect(t.ret('vgic_reset')).toBe(0);
    t.op('d', { reg: 'CTLR', value: 2 });
    t.op('cpu_setup');
    t.op('irq_setup', { intid: SPI });
    expect([iar(t), vfio(t), t.irq(SPI).lineLevel]).toEqual([1023, 1, 0]);
  });

  it('F-42 W3 ICACTIVER instead of EOIR: no ack, but the line is high, so that it comes again and is ended then', () => {
    const t = passThrough(guest());
    assert(t);
    expect(iar(t)).toBe(SPI);
    store(t, 0x8000384, BIT);
    expect([vfio(t), t.irq(SPI).active]).toEqual([1, 0]);
    eoir(t);
    quieten(t);
    expect(iar(t)).toBe(SPI);
    eoir(t);
    expect([vfio(t), t.irq(SPI).lineLevel]).toEqual([0, 0]);
  });

  it('F-42 W4 the irqfd goes while the line is high: it falls, VFIO stays masked, a new trigger changes nothing', () => {
    const t = passThrough(guest());
    assert(t);
    t.op('irqfd', { name: 'a', gsi: GSI, deassign: true });
    expect([t.irq(SPI).lineLevel, vfio(t)]).toEqual([0, 1]);
    t.op('vfio_intx', { device: 'mgbe', trigger: 'b' });
    t.op('irqfd', { name: 'b', gsi: GSI, resample: 's' });
    expect([vfio(t), iar(t), efd(t)['b']]).toEqual([1, 1023, 0]);
  });

  it('F-42 W5 no resamplefd: the line stays high and the interrupt comes again after every EOI; VFIO stays masked', () => {
    const t = guest();
    t.op('device_open', { device: 'mgbe' });
    t.op('vfio_intx', { device: 'mgbe', trigger: 'a' });
    t.op('irqfd', { name: 'a', gsi: GSI });
    assert(t);
    quieten(t);
    expect([serve(t), serve(t), vfio(t)]).toEqual([[SPI, 1], [SPI, 1], 1]);
  });

  it('F-42 F-40 W6 7.3 on a GICv3: nothing is lost, but each round without an exit between is a delivery for nothing', () => {
    const t = passThrough(guest({}, { vgic: '7.3' }, '6.18'));
    assert(t);
    quieten(t);
    t.op('vcpu_run');
    let rounds = 0;
    for (; rounds < 5; rounds++) {
      expect(iar(t)).toBe(SPI);
      eoir(t);
      t.op('vcpu_exit');
      expect(vfio(t)).toBe(1);
      t.op('vcpu_run');
    }
    t.op('vcpu_exit');
    expect(serve(t)).toEqual([SPI, 0]);
    expect([rounds, vfio(t)]).toEqual([5, 0]);
  });
});
