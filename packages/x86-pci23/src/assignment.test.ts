// Device assignment by the book: T170 to T175, the ioctls in the order of their errno (PCI-04), the guest's own mask (PCI-05), two writers of bit 10 (PCI-08), the switch of 2010 (PCI-07).

import { EBUSY, EEXIST, EFAULT, EINVAL, EIO, ENODEV, ENXIO, EPERM } from '@virq/irq-core/errors';
import type { Kvm } from '@virq/irq-core/kvm';
import { INTX_DISABLE } from '@virq/irq-core/pci';
import { ACTION, DATA, INDEX } from '@virq/irq-core/vfio';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assigned, bench, NIC } from './__fixtures__/bench.ts';
import { legacyAssignment, MASKING } from './index.ts';

const OLD = { disIntxWritable: false };
const MASK = 7;
const UNMASK = 3;

describe('PCI-04 the ioctls', () => {
  const dev = { device: 0, id: 5, flags: 3, mayAccess: true };

  it('KVM_ASSIGN_PCI_DEVICE: errno in order', () => {
    const { part, m } = bench([NIC, { ...NIC, name: 'open' }, { name: 'disk', kind: 'host', hostIrq: 16 }]);
    m.vfio.open(1);
    expect(part.assignDevice(0, { ...dev, device: -1, flags: 2, mayAccess: false })).toBe(-EINVAL);
    expect(part.assignDevice(0, dev)).toBe(0);
    expect(part.assignDevice(0, { ...dev, device: -1, mayAccess: false })).toBe(-EEXIST);
    expect(part.assignDevice(0, { ...dev, id: 6, device: -1, mayAccess: false })).toBe(-EINVAL);
    expect(part.assignDevice(0, { ...dev, id: 6, device: 2 })).toBe(-EINVAL);
    expect(part.assignDevice(0, { ...dev, id: 6, device: 1, mayAccess: false })).toBe(-EPERM);
    expect(part.assignDevice(0, { ...dev, id: 6, device: 1 })).toBe(-EBUSY);
    expect(part.assignDevice(1, dev)).toBe(-EBUSY);
    expect(m.vfio.open(0)).toBe(-EBUSY);
  });

  it('KVM_DEASSIGN_PCI_DEVICE: an unknown id; afterwards the function is free', () => {
    const b = bench();
    expect(b.deassignDevice()).toBe(-EINVAL);
    b.assignDevice();
    b.assignIrq();
    expect(b.deassignDevice()).toBe(0);
    expect([b.m.host.actions(16), b.device().source, b.m.vfio.open(0)]).toEqual([[], 0, 0]);
  });

  it('T170 KVM_ASSIGN_DEV_IRQ: two host types, two guest types, none, repeated', () => {
    const b = bench();
    expect(b.assignIrq()).toBe(-ENODEV);
    b.assignDevice();
    expect([b.assignIrq(3), b.assignIrq(0x300), b.assignIrq(0)]).toEqual([-EINVAL, -EINVAL, -EINVAL]);
    expect(b.assignIrq(1)).toBe(0);
    expect([b.assignIrq(1), b.assignIrq(0x100), b.assignIrq(0x200)]).toEqual([-EEXIST, 0, -EEXIST]);
  });

  it('a guest side that fails leaves the host side assigned', () => {
    const b = bench();
    b.assignDevice();
    const { sources } = (b.m.kvms[0] as Kvm).state;
    for (let id = 0; id < 64; id++) sources.add(id);
    expect(b.assignIrq()).toBe(-EFAULT);
    expect([b.m.host.actions(16).length, b.device().irqTypes]).toEqual([1, 1]);
  });

  it('request_irq fails: EIO; MSI-X without entries: EINVAL', () => {
    const b = bench([
      { ...NIC, ...OLD },
      { name: 'disk', kind: 'host', hostIrq: 16 },
    ]);
    b.open(1);
    b.assignDevice();
    expect([b.assignIrq(), b.assignIrq(0x104)]).toEqual([-EIO, -EINVAL]);
  });

  it('T171 KVM_DEASSIGN_DEV_IRQ: unknown, nothing assigned, one side, the rest', () => {
    const b = bench();
    expect(b.deassignIrq()).toBe(-ENODEV);
    b.assignDevice();
    expect(b.deassignIrq()).toBe(-ENXIO);
    b.assignIrq();
    expect([b.deassignIrq(0x100), b.m.host.actions(16).length, b.device().source]).toEqual([0, 1, 0]);
    expect([b.deassignIrq(0x101), b.m.host.actions(16).length, b.masked()]).toEqual([0, 0, true]);
    expect(b.deassignIrq()).toBe(-ENXIO);
  });

  it('KVM_ASSIGN_SET_INTX_MASK: an unknown id', () => expect(bench().setMask(0)).toBe(-ENODEV));

  it('a host MSI raises the GSI of the guest, and the function does not use INTx', () => {
    const b = bench();
    b.assignDevice();
    expect(b.assignIrq(0x102)).toBe(0);
    b.part.msi(0);
    b.assert();
    expect([b.guest.isHigh(), b.m.host.isAsserted(16)]).toEqual([true, false]);
    b.eoi();
    expect(b.guest.isHigh()).toBe(false);
    b.deassignIrq(0x102);
    expect(b.m.host.isAsserted(16)).toBe(true);
  });

  it('each device has a source of its own, and gives it back', () => {
    const b = bench([NIC, { ...NIC, name: 'b' }]);
    for (const i of [0, 1]) b.assignDevice(3, i);
    for (const i of [0, 1]) b.assignIrq(0x101, i);
    expect([0, 1].map((i) => b.device(i).source)).toEqual([2, 3]);
    b.deassignIrq(0x101, 0);
    b.assignIrq(0x101, 0);
    expect(b.device().source).toBe(2);
  });
});

describe('PCI-06 how the line is requested', () => {
  it('with PCI_2_3 shared; a device that cannot is downgraded without a word, ONESHOT and exclusive', () => {
    const flagsOf = (spec: object): (number | undefined)[] => {
      const b = assigned(spec);
      return [b.device().pci23, b.m.host.actions(16)[0]?.flags];
    };
    expect([flagsOf({}), flagsOf(OLD)]).toEqual([
      [1, 0x80],
      [0, 0x2000],
    ]);
  });
});

describe('an interrupt', () => {
  it('PCI_2_3: the device is masked, the GSI raised; the EOI lowers and unmasks', () => {
    const b = assigned();
    b.assert();
    expect([b.log(), b.masked(), b.line().depth]).toEqual([['gsi 0 level 1 source 2'], true, 0]);
    b.deassert();
    b.eoi();
    expect([b.log(), b.masked(), b.device().hostIrqDisabled]).toEqual([['gsi 0 level 0 source 2'], false, 0]);
  });

  it('T172 PCI_2_3, EOI while the device asserts: lower, then raise again; the device stays masked', () => {
    const b = assigned();
    b.assert();
    b.log();
    b.eoi();
    expect(b.log()).toEqual(['gsi 0 level 0 source 2', 'gsi 0 level 1 source 2']);
    expect([b.masked(), b.device().hostIrqDisabled]).toEqual([true, 1]);
  });

  it('without PCI_2_3: the line is disabled, and enabled at the EOI; a device that asserts on fires by itself', () => {
    const b = assigned({}, 1);
    b.assert();
    expect([b.log(), b.masked(), b.line().depth]).toEqual([['gsi 0 level 1 source 2'], false, 1]);
    b.eoi();
    expect([b.log(), b.line().depth]).toEqual([['gsi 0 level 0 source 2', 'gsi 0 level 1 source 2'], 1]);
    b.deassert();
    b.eoi();
    expect([b.line().depth, b.line().chipMasked]).toEqual([0, 0]);
  });

  it('the EOI of another device on the GSI unmasks nothing that is not masked', () => {
    const b = assigned({}, 1);
    b.eoi();
    expect([b.log(), b.line().depth]).toEqual([['gsi 0 level 0 source 2'], 0]);
  });

  it('Linux: an interrupt of the neighbour raises the GSI again although the device is masked; VFIO answers NONE', () => {
    const b = assigned();
    b.open(1);
    b.assert(0);
    b.log();
    b.assert(1);
    expect(b.log()).toEqual(['gsi 0 level 1 source 2']);
    expect(b.m.pci.state.functions.at(1).pending).toBe(0);
  });
});

describe("PCI-05 the guest's own mask", () => {
  it('T173 mask while the GSI is high: it goes low; the hardware is not touched until the next interrupt', () => {
    const b = assigned();
    b.assert();
    b.deassert();
    b.eoi();
    b.setMask(MASK);
    expect(b.masked()).toBe(false);
    b.assert();
    expect([b.guest.isHigh(), b.masked(), b.device().hostIrqDisabled]).toEqual([false, true, 1]);

    const high = assigned();
    high.assert();
    high.setMask(MASK);
    expect([high.guest.isHigh(), high.masked()]).toEqual([false, true]);
  });

  it('T174 no PCI_2_3: mask, interrupt, unmask: disabled, not raised; enabled at the unmask, and raised', () => {
    const b = assigned({}, 1);
    b.setMask(5);
    b.assert();
    expect([b.line().depth, b.guest.isHigh()]).toEqual([1, false]);
    b.log();
    b.setMask(1);
    expect(b.log()).toEqual(['gsi 0 level 1 source 2']);
    expect([b.device().hostIrqDisabled, b.guest.isHigh()]).toEqual([1, true]);
  });

  it('an EOI while the guest masks lowers the GSI and unmasks nothing', () => {
    const b = assigned();
    b.assert();
    b.setMask(MASK);
    b.deassert();
    b.eoi();
    expect([b.masked(), b.device().hostIrqDisabled]).toEqual([true, 1]);
  });

  it('Linux: with PCI_2_3 the unmask leaves the hardware to user space, which writes the command register next', () => {
    const b = assigned();
    b.assert();
    b.setMask(MASK);
    b.log();
    b.setMask(UNMASK);
    expect([b.log(), b.guest.isHigh(), b.masked()]).toEqual([[], false, true]);
    b.sysfsDisIntx(false);
    expect([b.log(), b.guest.isHigh()]).toEqual([['gsi 0 level 1 source 2'], true]);
  });

  it('Linux: the flag of the caller counts: a downgraded device stays disabled, a PCI 2.3 device is enabled once too often', () => {
    const old = assigned(OLD);
    old.assert();
    old.setMask(MASK);
    old.setMask(UNMASK);
    expect([old.line().depth, old.guest.isHigh()]).toEqual([1, false]);

    const omitted = assigned();
    omitted.assert();
    omitted.setMask(5);
    omitted.log();
    omitted.setMask(1);
    expect(omitted.log()).toEqual(['Unbalanced enable for IRQ 16']);
    expect([omitted.device().hostIrqDisabled, omitted.masked()]).toEqual([0, true]);
  });

  it('with the stored mask both are told again', () => {
    for (const spec of [{}, OLD]) {
      const b = assigned(spec, 3, { set_intx_mask: 'stored' });
      b.assert();
      b.setMask(MASK);
      b.setMask(UNMASK);
      expect(b.guest.isHigh()).toBe(true);
    }
  });
});

describe('PCI-08 user space writes bit 10 too', () => {
  it('T175 the bit is cleared between interrupt and EOI: the handler masks again, and again', () => {
    const b = assigned();
    b.assert();
    b.log();
    for (let n = 0; n < 3; n++) b.sysfsDisIntx(false);
    expect(b.log()).toEqual(Array(3).fill('gsi 0 level 1 source 2'));
    expect([b.masked(), b.device().hostIrqDisabled]).toEqual([true, 1]);
  });

  it('the bit is cleared while the device is quiet: KVM takes it for masked, and it is not', () => {
    const b = assigned();
    const holds = () => legacyAssignment.properties.map((p) => p.holds(b.part));
    b.assert();
    b.deassert();
    expect(holds()).toEqual([true, true]);
    b.sysfsDisIntx(false);
    expect(holds()).toEqual([false, true]);
  });

  it('a stale set bit after the unmask makes the device mute', () => {
    const b = assigned();
    b.assert();
    b.deassert();
    b.eoi();
    b.sysfsDisIntx(true);
    b.assert();
    expect([b.guest.isHigh(), b.device().hostIrqDisabled]).toEqual([false, 0]);
  });

  it('PCI-09 VFIO beside it: the guest writes a virtual bit, the kernel alone the physical one', () => {
    const { m } = bench();
    m.vfio.open(0);
    const trigger = { index: INDEX.INTX, start: 0, count: 1, flags: DATA.EVENTFD | ACTION.TRIGGER };
    m.vfio.setIrqs(0, { ...trigger, data: [m.eventfds.create()] });
    m.pci.assert(0);
    m.vfio.guestWriteCommand(0, 0x4);
    expect(m.vfio.configDword(0) & 0xffff).toBe(INTX_DISABLE | 4);
    expect(m.vfio.state.devices.at(0).masked).toBe(1);
  });
});

describe('PCI-07 masking on demand', () => {
  const onDemand = () => assigned({}, 3, { intx_masking: 'on-demand' });
  const mode = (b: ReturnType<typeof onDemand>) => [b.device().masking, b.line().depth, b.masked()];

  it('alone: the line; joined: the device; alone again: the line', () => {
    const b = onDemand();
    expect(mode(b)).toEqual([MASKING.LINE, 0, false]);
    b.open(1);
    expect(mode(b)).toEqual([MASKING.DEVICE, 0, false]);
    b.close(1);
    expect(mode(b)).toEqual([MASKING.LINE, 0, false]);
  });

  it('a mask in place moves both ways, and the EOI undoes it where it is', () => {
    const b = onDemand();
    b.assert();
    expect(mode(b)).toEqual([MASKING.LINE, 1, false]);
    b.open(1);
    expect(mode(b)).toEqual([MASKING.DEVICE, 0, true]);
    b.assert(1);
    expect(b.m.pci.state.functions.at(1).pending).toBe(0);
    b.close(1);
    expect(mode(b)).toEqual([MASKING.LINE, 1, false]);
    b.deassert();
    b.eoi();
    expect(mode(b)).toEqual([MASKING.LINE, 0, false]);
  });

  it('pending at the switch: the EOI finds it and raises again', () => {
    const b = onDemand();
    b.assert();
    b.open(1);
    b.log();
    b.eoi();
    expect(b.log()).toEqual(['gsi 0 level 0 source 2', 'gsi 0 level 1 source 2']);
  });

  it('a device that joins a line in use is masked at the device from the start', () => {
    const b = bench([NIC, { name: 'disk', kind: 'host', hostIrq: 16 }], { intx_masking: 'on-demand' });
    b.open(1);
    b.assignDevice();
    b.assignIrq();
    expect(b.device().masking).toBe(MASKING.DEVICE);
  });

  it('always-device does not care', () => {
    const b = assigned();
    expect(b.device().masking).toBe(MASKING.DEVICE);
    b.open(1);
    b.close(1);
    expect(b.device().masking).toBe(MASKING.DEVICE);
  });
});

describe('PCI-11 what a device that lies does to the line of an assigned one', () => {
  const small = { spurious_window: 100, spurious_unhandled: 90 };

  it('(a) STATUS stays 0: nobody cared', () => {
    const b = assigned({ statusWorks: false }, 3, small);
    b.open(1);
    b.assert();
    expect(b.line().spuriousDisabled).toBe(1);
  });

  it('without PCI_2_3 the same device works, for whoever has the line for himself', () => {
    const b = assigned({ statusWorks: false }, 1, small);
    b.assert();
    expect([b.line().spuriousDisabled, b.guest.isHigh()]).toEqual([0, true]);
  });
});

describe('a random life', () => {
  const VERBS = ['assert', 'serve', 'eoi', 'mask', 'unmask', 'join', 'leave', 'neighbour'] as const;
  const kinds: [string, object, number, string][] = [
    ['PCI 2.3, always by the device', {}, 3, 'always-device'],
    ['PCI 2.3, on demand', {}, 3, 'on-demand'],
    ['before PCI 2.3', OLD, 3, 'always-device'],
  ];
  for (const [name, spec, flags, masking] of kinds)
    it(`${name}: the promises hold, and what asserts is masked or heard`, () => {
      fc.assert(
        fc.property(fc.array(fc.constantFrom(...VERBS), { maxLength: 30 }), (life) => {
          const b = assigned(spec, flags, { intx_masking: masking, set_intx_mask: 'stored' });
          const verbs: Record<(typeof VERBS)[number], () => unknown> = {
            assert: () => b.assert(),
            serve: () => b.deassert(),
            eoi: () => b.guest.isHigh() && b.eoi(),
            mask: () => b.setMask(MASK),
            unmask: () => b.setMask(UNMASK),
            join: () => b.open(1),
            leave: () => b.close(1),
            neighbour: () => b.m.host.actions(16).length > 1 && b.assert(1),
          };
          for (const verb of life) {
            verbs[verb]();
            const broken = legacyAssignment.properties.filter((p) => !p.holds(b.part)).map((p) => p.name);
            const d = b.device();
            const deaf = b.m.pci.isPending(0) && d.guestMasked === 0 && !b.guest.isHigh();
            const storm = b.line().asserted !== 0 && b.line().depth === 0;
            expect({ life, verb, broken, deaf, storm }).toEqual({ life, verb, broken: [], deaf: false, storm: false });
          }
        }),
        { numRuns: 200 },
      );
    });
});
