// GICv4: forwarding of LPIs, residency and doorbells, what guests and VMMs do to forwarded LPIs, by kernel and by GIC.

import { ERRNO } from '@virq/irq-core/errors';
import { createMachine, type Machine } from '@virq/irq-core/machine';
import { describe, expect, it } from 'vitest';
import { acknowledge, endOfInterrupt, intidOf } from '../cpuif/acknowledge.ts';
import { DIRECT } from '../cpuif/priorities.ts';
import { hostInspect, pendingOf } from '../host/host-inspect.ts';
import { VGIC_VERSIONS, type VgicVersion } from '../kernel.ts';
import { LR_STATE } from '../lr/format.ts';
import {
  bindVectors,
  chipOf,
  command,
  DEVICE,
  gicOf,
  HOST_IRQ,
  lpiHandle,
  lpiOf,
  routeOf,
  smallGicv4,
  startGuest,
  vpeOf,
} from '../models/v4-machine.ts';

interface Options {
  readonly vgic?: VgicVersion;
  readonly v41?: number;
  readonly vcpus?: number;
  readonly lpis?: number;
  readonly forwards?: boolean;
  readonly vm?: Readonly<Record<string, unknown>>;
}

const LPI = 8192;

/** A VM whose LPIs are forwarded, unless `forwards` is false. */
function setUp({ vgic = '7.3', v41 = 1, vcpus = 2, lpis = 2, forwards = true, vm = {} }: Options = {}) {
  const kernel = VGIC_VERSIONS.indexOf(vgic);
  const m = createMachine({ ...smallGicv4({ vcpus, lpis, processes: 8, kernel, v41, vm }), kernel: '6.18' });
  startGuest(m, lpis);
  bindVectors(m, lpis, forwards);
  const chip = chipOf(m);
  const names: string[] = [];
  m.trace.on = true;
  (m.trace as { listener?: unknown }).listener = (e: { name: string }) => names.push(e.name);
  return {
    m,
    chip,
    names,
    send: (vector = 0) => {
      m.vfio.msi.raise(0, vector);
      m.settle();
    },
    /** What IAR reads in the guest. */
    take(vcpu = 0) {
      const c = chip.state.interfaces.at(vcpu);
      const n = acknowledge(c, 1);
      const intid = intidOf(c, n);
      if (n === DIRECT) chip.v4.activated(vcpu);
      if (n >= 0) endOfInterrupt(c, { group: 1, intid }, () => undefined);
      return intid;
    },
    pending: (vpe = 0) => pendingOf(gicOf(m), vpe),
    /** The vCPU goes to WFI; true if it can sleep. */
    block(vcpu = 0) {
      chip.v4.put(vcpu, true);
      chip.context.kvm.vcpus.block(vcpu);
      return !chip.v4.isPendingLast(vcpu);
    },
    isAsleep: (vcpu = 0) => chip.context.kvm.vcpus.isBlocking(vcpu),
    unhook(vector = 0) {
      const v = m.vfio.state.devices.at(0).vectors.at(vector);
      m.bypass.unregisterProducer(v.producer);
      v.producer = 0;
      m.settle();
    },
    hook(vector = 0) {
      const v = m.vfio.state.devices.at(0).vectors.at(vector);
      const producer = m.bypass.registerProducer(v.trigger, HOST_IRQ + vector, vector);
      v.producer = Math.max(0, producer);
      return producer;
    },
  };
}

type Set = ReturnType<typeof setUp>;
const msi = ({ chip }: Set, event = 0): number => chip.its.msi.inject(routeOf(0, event));
const forwarded = (m: Machine, n = 0): unknown => [lpiOf(m, n).hw, lpiOf(m, n).hostIrq];

const GICS = [
  ['GICv4.0', 0],
  ['GICv4.1', 1],
] as const;

describe.each(GICS)('F-57 direct injection (%s)', (_name, v41) => {
  it('F-57 binding an irqfd to a device vector forwards its LPI', () => {
    const { m } = setUp({ v41 });
    expect(forwarded(m, 0)).toEqual([1, HOST_IRQ]);
    expect(forwarded(m, 1)).toEqual([1, HOST_IRQ + 1]);
    expect(vpeOf(m).vlpis).toBe(2);
  });

  it('F-57 a resident vPE takes the message without an exit, a kick or a host interrupt', () => {
    const s = setUp({ v41 });
    s.chip.v4.load(0);
    s.chip.run.enter(0);
    s.names.length = 0;
    s.send(1);
    expect(s.names).toEqual([]);
    expect(s.take()).toBe(LPI + 1);
    expect([s.take(), s.pending()]).toEqual([1023, []]);
  });

  it('F-57 what waited in the pending table is presented when the vPE becomes resident', () => {
    const s = setUp({ v41 });
    s.send(0);
    s.send(1);
    expect(s.pending()).toEqual([LPI, LPI + 1]);
    expect(s.take()).toBe(1023);
    s.chip.v4.load(0);
    expect([s.take(), s.take(), s.take()]).toEqual([LPI, LPI + 1, 1023]);
  });

  it('F-57 a vLPI competes with list registers by priority; of equals the list register goes first', () => {
    const s = setUp({ v41 });
    s.chip.v4.load(0);
    const c = s.chip.state.interfaces.at(0);
    const answers = [0x98, 0xa0, 0xa8].map((priority) => {
      Object.assign(c.lrs.at(0), { intid: 40, state: LR_STATE.PENDING, priority, group: 1 });
      c.used = 1;
      s.send(0);
      const order = [s.take(), s.take()];
      c.lrs.at(0).state = LR_STATE.INVALID;
      return order;
    });
    expect(answers).toEqual([
      [40, LPI],
      [40, LPI],
      [LPI, 40],
    ]);
  });

  it('F-57 the vCPU mask and its group enable hold for vLPIs too', () => {
    const s = setUp({ v41 });
    s.chip.v4.load(0);
    const { vmcr } = s.chip.state.interfaces.at(0);
    s.send(0);
    vmcr.pmr = 0xa0;
    expect(s.take()).toBe(1023);
    vmcr.pmr = 0xf8;
    vmcr.enable1 = 0;
    expect(s.take()).toBe(1023);
    vmcr.enable1 = 1;
    expect(s.take()).toBe(LPI);
  });

  it('F-57 a doorbell wakes a vCPU that blocks, and costs one host interrupt', () => {
    const s = setUp({ v41 });
    s.chip.v4.load(0);
    expect(s.block()).toBe(true);
    s.names.length = 0;
    s.send(0);
    expect(s.names.filter((n) => n === 'irq_handler_entry').length).toBe(1);
    expect([s.isAsleep(), s.chip.v4.isPendingLast(0)]).toEqual([false, true]);
    s.send(1);
    expect(s.names.filter((n) => n === 'irq_handler_entry').length).toBe(1);
    s.chip.v4.load(0);
    expect([s.take(), s.take()]).toEqual([LPI, LPI + 1]);
  });

  it('F-57 a vLPI that is pending when the vPE leaves keeps the vCPU awake', () => {
    const s = setUp({ v41 });
    s.chip.v4.load(0);
    s.send(0);
    expect(s.block()).toBe(false);
  });

  it('F-57 a preempted vCPU gets no doorbell', () => {
    const s = setUp({ v41 });
    s.chip.v4.load(0);
    s.names.length = 0;
    s.chip.v4.put(0, false);
    s.send(0);
    expect(s.names).not.toContain('irq_handler_entry');
    expect(s.chip.v4.isPendingLast(0)).toBe(v41 === 1);
  });

  it('F-57 a disabled vLPI waits in silence; INV of its enabled configuration rings', () => {
    const s = setUp({ v41 });
    s.chip.v4.load(0);
    const { its } = gicOf(s.m);
    its.configure(HOST_IRQ, 0xa2);
    s.block();
    s.send(0);
    expect([s.isAsleep(), s.pending()]).toEqual([true, [LPI]]);
    its.configure(HOST_IRQ, 0xa3);
    s.m.settle();
    expect(s.isAsleep()).toBe(false);
  });

  it('F-57 a vPE follows its vCPU to another physical CPU', () => {
    const s = setUp({ v41 });
    const { vcpus } = s.chip.context.kvm;
    vcpus.load(0, 3);
    s.chip.v4.load(0);
    expect([vpeOf(s.m).cpu, vpeOf(s.m).resident, vpeOf(s.m).ready]).toEqual([3, 1, 1]);
    s.chip.v4.put(0, false);
    vcpus.load(0, 1);
    s.chip.v4.load(0);
    expect([vpeOf(s.m).cpu, vpeOf(s.m).resident]).toEqual([1, 1]);
  });

  it('F-57 the view of the host shows vPEs, what is pending for them, and where events lead', () => {
    const s = setUp({ v41 });
    s.chip.v4.load(0);
    s.send(1);
    expect(hostInspect(s.chip.context.host)).toEqual([
      {
        title: 'vPEs (R resident, L PendingLast, D doorbell armed, m doorbell masked)',
        lines: [
          `vPE 0  R--${v41 === 1 ? '-' : 'm'}  cpu 0  vLPIs 2  pending 8193`,
          `vPE 1  ---${v41 === 1 ? '-' : 'm'}  cpu 0  vLPIs 0  pending -`,
        ],
      },
      {
        title: 'Events of the ITS',
        lines: ['irq 64  device 0 event 0 → vLPI 8192 of vPE 0', 'irq 65  device 0 event 1 → vLPI 8193 of vPE 0'],
      },
    ]);
  });
});

describe('F-57 doorbells by version', () => {
  it('F-57 GICv4.0 has the doorbell masked while the vPE is resident, and after it has fired', () => {
    const s = setUp({ v41: 0 });
    const off = () => vpeOf(s.m).doorbell.off;
    s.chip.v4.load(0);
    const resident = off();
    s.block();
    const blocked = off();
    s.send(0);
    expect([resident, blocked, off()]).toEqual([1, 0, 1]);
  });

  it('F-57 GICv4.1 has it unmasked always; the write that takes the vPE away arms it once', () => {
    const s = setUp({ v41: 1 });
    const seen: unknown[] = [];
    const look = () => seen.push([vpeOf(s.m).doorbell.off, vpeOf(s.m).armed]);
    s.chip.v4.load(0);
    look();
    s.block();
    look();
    s.send(0);
    look();
    expect(seen).toEqual([
      [0, 0],
      [0, 1],
      [0, 0],
    ]);
  });

  it('F-57 a doorbell of GICv4.0 that is pending when the vCPU comes back is taken away', () => {
    const s = setUp({ v41: 0 });
    s.chip.v4.load(0);
    s.chip.v4.put(0, false);
    s.send(0);
    expect(vpeOf(s.m).doorbell.pending).toBe(1);
    s.chip.v4.load(0);
    expect(vpeOf(s.m).doorbell.pending).toBe(0);
    s.take();
    expect(s.block()).toBe(true);
    expect(s.isAsleep()).toBe(true);
  });

  it('F-57 GICv4.1 follows the distributor: off, nothing is presented', () => {
    const answers = [0, 1].map((v41) => {
      const s = setUp({ v41 });
      s.chip.state.dist.enabled = 0;
      s.chip.v4.load(0);
      s.send(0);
      return s.take();
    });
    expect(answers).toEqual([LPI, 1023]);
  });
});

describe.each(VGIC_VERSIONS)('F-57 forwarding comes and goes (%s)', (vgic) => {
  it('T83 set_forwarding on a pending LPI: hw=1, the latch has moved to hardware', () => {
    const s = setUp({ vgic, forwards: false });
    s.chip.state.dist.enabled = 0;
    expect(msi(s)).toBe(1);
    s.chip.state.dist.enabled = 1;
    expect([lpiOf(s.m).hw, lpiOf(s.m).pendingLatch, s.pending()]).toEqual([0, 1, []]);
    s.hook();
    expect([lpiOf(s.m).hw, lpiOf(s.m).pendingLatch, s.pending()]).toEqual([1, 0, [LPI]]);
  });

  it('F-57 a producer that goes takes the forwarding with it: the next message goes through the host', () => {
    const s = setUp({ vgic });
    s.unhook();
    expect([forwarded(s.m), vpeOf(s.m).vlpis, gicOf(s.m).its.vlpiOf(HOST_IRQ)]).toEqual([[0, HOST_IRQ], 1, 0]);
    s.names.length = 0;
    s.send(0);
    expect(s.names).toContain('irq_handler_entry');
    expect([lpiOf(s.m).pendingLatch, lpiOf(s.m).vcpu]).toEqual([1, 1]);
  });

  it('F-57 K9 what was pending in hardware is lost when the forwarding ends', () => {
    const s = setUp({ vgic });
    s.send(0);
    s.unhook();
    expect([s.pending(), lpiOf(s.m).pendingLatch, lpiOf(s.m).vcpu]).toEqual([[], 0, 0]);
  });

  it('F-57 K8 the translation that set_forwarding cached lets a software message queue a forwarded LPI with the HW bit', () => {
    const s = setUp({ vgic });
    expect(msi(s)).toBe(1);
    expect([lpiOf(s.m).pendingLatch, lpiOf(s.m).vcpu]).toEqual([1, 1]);
    s.chip.run.enter(0);
    const { hw, pintid, intid } = s.chip.state.interfaces.at(0).lrs.at(0);
    expect([hw, pintid, intid]).toEqual([1, 0, LPI]);
  });

  it('F-57 without the stale translation a software message is made pending in hardware', () => {
    const s = setUp({ vgic });
    s.chip.its.all[0]?.context.cache.clear();
    expect([msi(s), s.pending(), lpiOf(s.m).pendingLatch]).toEqual([1, [LPI], 0]);
  });

  it('F-57 INT and CLEAR of a forwarded LPI act on the hardware', () => {
    const s = setUp({ vgic });
    expect(command(s.m, 'INT', { device: DEVICE, event: 1 })).toBe(0);
    expect([s.pending(), lpiOf(s.m, 1).pendingLatch]).toEqual([[LPI + 1], 0]);
    expect(command(s.m, 'CLEAR', { device: DEVICE, event: 1 })).toBe(0);
    expect(s.pending()).toEqual([]);
  });

  it('F-57 MOVI, MAPC and MOVALL move a vLPI with its pending state to the other vPE', () => {
    const s = setUp({ vgic });
    s.send(0);
    const counts = () => [vpeOf(s.m, 0).vlpis, vpeOf(s.m, 1).vlpis];
    expect(command(s.m, 'MOVI', { device: DEVICE, event: 0, icid: 1 })).toBe(0);
    expect([s.pending(0), s.pending(1), counts()]).toEqual([[], [LPI], [1, 1]]);
    expect(command(s.m, 'MAPC', { icid: 1, target: 0 })).toBe(0);
    expect([s.pending(0), s.pending(1), counts()]).toEqual([[LPI], [], [2, 0]]);
    expect(command(s.m, 'MOVALL', { target: 0, second: 1 })).toBe(0);
    expect([s.pending(0), s.pending(1), counts()]).toEqual([[], [LPI], [0, 2]]);
  });

  it('F-57 DISCARD and MAPD unmap; the count of vLPIs stays', () => {
    const s = setUp({ vgic });
    command(s.m, 'DISCARD', { device: DEVICE, event: 0 });
    expect([gicOf(s.m).its.vlpiOf(HOST_IRQ), vpeOf(s.m).vlpis]).toEqual([0, 2]);
    command(s.m, 'MAPD', { device: DEVICE, bits: 4 });
    expect([gicOf(s.m).its.vlpiOf(HOST_IRQ + 1), vpeOf(s.m).vlpis]).toEqual([0, 2]);
    expect(gicOf(s.m).state.vlpis.count()).toBe(0);
  });

  it('F-57 saving the tables of forwarded LPIs needs GICv4.1', () => {
    const results = [0, 1].map((v41) => {
      const s = setUp({ vgic, v41 });
      return s.chip.its.all[0]?.save();
    });
    expect(results).toEqual([-ERRNO.EACCES, 0]);
  });

  it('F-57 SAVE_PENDING_TABLES has what is pending in hardware on GICv4.1 only', () => {
    const stored = [0, 1].map((v41) => {
      const s = setUp({ vgic, v41 });
      s.send(0);
      expect(s.chip.its.lpis.savePending()).toBe(0);
      return s.chip.its.lpis.memory.pendingInTable(0);
    });
    expect(stored).toEqual([[], [LPI]]);
  });
});

describe('F-57 by kernel', () => {
  const returned = (vgic: VgicVersion): unknown => {
    const s = setUp({ vgic, forwards: false });
    command(s.m, 'DISCARD', { device: DEVICE, event: 0 });
    return [s.hook() > 0, s.m.bypass.state.producers.count()];
  };

  it.each([
    ['6.1', false],
    ['6.12', false],
    ['6.18', true],
    ['7.3', true],
  ] as const)('F-57 %s: a route that translates to nothing connects all the same: %s', (vgic, connects) => {
    expect(returned(vgic)).toEqual([connects, connects ? 2 - 1 : 0]);
  });

  it('F-57 an LPI of two events: the second forwarding is refused in silence, 6.1 maps it anew and counts twice', () => {
    const counts = (['6.1', '6.12', '7.3'] as const).map((vgic) => {
      const s = setUp({ vgic, forwards: false });
      command(s.m, 'DISCARD', { device: DEVICE, event: 1 });
      command(s.m, 'MAPTI', { device: DEVICE, event: 1, intid: LPI });
      s.hook(0);
      s.hook(1);
      return [vpeOf(s.m).vlpis, lpiOf(s.m).hostIrq];
    });
    expect(counts).toEqual([
      [2, HOST_IRQ + 1],
      [1, HOST_IRQ],
      [1, HOST_IRQ],
    ]);
  });

  it('F-57 A-VLPI-UNSET: up to 6.15 a guest that has remapped the event keeps the host irq forwarded', () => {
    const left = (['6.1', '6.12', '6.18', '7.3'] as const).map((vgic) => {
      const s = setUp({ vgic });
      command(s.m, 'MOVI', { device: DEVICE, event: 0, icid: 1 });
      s.chip.state.redists.at(1).lpis = 0;
      s.unhook();
      return gicOf(s.m).its.vlpiOf(HOST_IRQ) !== 0;
    });
    expect(left).toEqual([true, true, false, false]);
  });

  it('F-57 an LPI whose ITE is gone while something still holds it: 6.1 and 6.12 leave hw=1', () => {
    const hw = (['6.1', '6.12', '6.18', '7.3'] as const).map((vgic) => {
      const s = setUp({ vgic });
      const lpi = lpiHandle(s.m);
      s.chip.its.lpis.hold(lpi);
      command(s.m, 'DISCARD', { device: DEVICE, event: 0 });
      return s.chip.its.lpis.at(lpi).hw;
    });
    expect(hw).toEqual([1, 1, 0, 0]);
  });

  it('F-57 INVALL of one vCPU rewrites the properties of all forwarded LPIs, but for 6.1', () => {
    const enabled = (['6.1', '6.12', '7.3'] as const).map((vgic) => {
      const s = setUp({ vgic });
      command(s.m, 'MOVI', { device: DEVICE, event: 1, icid: 1 });
      command(s.m, 'INVALL', { icid: 0 });
      const { its, tables } = gicOf(s.m);
      return [0, 1].map((n) => tables.at(its.vlpiOf(HOST_IRQ + n)).enabled);
    });
    expect(enabled).toEqual([
      [0, 1],
      [0, 0],
      [0, 0],
    ]);
  });
});

describe('F-58 the route of a forwarded LPI changes', () => {
  const change = (vgic: VgicVersion, irqfd_producer: boolean, lpis = 2) => {
    const s = setUp({ vgic, lpis, vm: { irqfd_producer } });
    expect(s.m.kvms[0]?.setGsiRouting([routeOf(0, 1)], 0)).toBe(0);
    s.m.settle();
    return s;
  };

  it('T84 F-58 with irqfd->producer set the vLPI is unmapped, and the next message goes through software to the new LPI', () => {
    const s = change('7.3', true);
    expect([lpiOf(s.m).hw, gicOf(s.m).its.vlpiOf(HOST_IRQ)]).toEqual([0, 0]);
    s.unhook(1);
    s.names.length = 0;
    s.send(0);
    expect(s.names).toContain('irq_handler_entry');
    expect([lpiOf(s.m, 0).pendingLatch, lpiOf(s.m, 1).pendingLatch]).toEqual([0, 1]);
  });

  it.each(VGIC_VERSIONS)(
    'F-58 %s as it is: nothing sets irqfd->producer on arm64, and the device keeps its old vLPI',
    (vgic) => {
      const s = change(vgic, false);
      expect(forwarded(s.m)).toEqual([1, HOST_IRQ]);
      s.send(0);
      expect(s.pending()).toEqual([LPI]);
    },
  );

  it('F-58 the same route again changes nothing', () => {
    const s = setUp({ vm: { irqfd_producer: true } });
    s.m.kvms[0]?.setGsiRouting([routeOf(0), routeOf(1)], 0);
    s.m.settle();
    expect(forwarded(s.m)).toEqual([1, HOST_IRQ]);
  });

  it('F-58 another DeviceID with the same address and data is another message', () => {
    const s = setUp({ vm: { irqfd_producer: true } });
    s.m.kvms[0]?.setGsiRouting([{ ...routeOf(0), devid: DEVICE + 1 }, routeOf(1)], 0);
    s.m.settle();
    expect([lpiOf(s.m, 0).hw, lpiOf(s.m, 1).hw]).toEqual([0, 1]);
  });

  it('F-58 a route that is an SPI now: the irqfd that goes leaves the event forwarded', () => {
    const left = [false, true].map((irqfd_producer) => {
      const s = setUp({ vm: { irqfd_producer } });
      s.m.kvms[0]?.setGsiRouting([{ ...routeOf(0), type: 1, flags: 0, pin: 8 }, routeOf(1)], 0);
      s.m.settle();
      s.unhook();
      return gicOf(s.m).its.vlpiOf(HOST_IRQ) !== 0;
    });
    expect(left).toEqual([true, false]);
  });
});
