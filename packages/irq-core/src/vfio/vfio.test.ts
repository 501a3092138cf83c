// VFIO devices by the book: T150–T160, T168, T169, and random lives of a device that must never storm nor lose an interrupt.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EBADF, EBUSY, EINVAL, ENODEV, ENOTTY } from '../errors.ts';
import { INTX_DISABLE } from '../pci/index.ts';
import { bench } from './__fixtures__/bench.ts';
import { ACTION, DATA, type DeviceSpec, INDEX, IRQ_TYPE, type SetIrqs, setIrqsError } from './index.ts';

const NIC: DeviceSpec = { name: 'nic', kind: 'pci', hostIrq: 16 };
const OLD: DeviceSpec = { ...NIC, disIntxWritable: false };
const set = (index: number, flags: number, data: number[], more: Partial<SetIrqs> = {}): SetIrqs => ({
  index,
  start: 0,
  count: 1,
  flags,
  data,
  ...more,
});
const trigger = (fd: number): SetIrqs => set(INDEX.INTX, DATA.EVENTFD | ACTION.TRIGGER, [fd]);
const unmaskBy = (fd: number): SetIrqs => set(INDEX.INTX, DATA.EVENTFD | ACTION.UNMASK, [fd]);
const unmask = set(INDEX.INTX, DATA.NONE | ACTION.UNMASK, []);
const mask = set(INDEX.INTX, DATA.NONE | ACTION.MASK, []);

function armed(spec: DeviceSpec = NIC) {
  const b = bench([spec]);
  const [fd, back] = [b.eventfds.create(), b.eventfds.create()];
  b.vfio.open(0);
  expect([b.vfio.setIrqs(0, trigger(fd)), b.vfio.setIrqs(0, unmaskBy(back))]).toEqual([0, 0]);
  return { ...b, fd, back, signals: () => b.eventfds.count(fd) };
}

describe('CORE-21 CORE-22 PCI-09 INTx of a PCI 2.3 device', () => {
  it('T150 masks itself and signals once; the handler then answers NONE', () => {
    const b = armed();
    b.vfio.assert(0);
    expect([b.signals(), b.device().masked, b.fn().command]).toEqual([1, 1, INTX_DISABLE]);
    expect(b.vfio.intx.action.handle(0)).toBe(0);
    expect(b.signals()).toBe(1);
  });

  it('T151 a quiet device answers NONE and writes nothing', () => {
    const b = armed();
    expect([b.vfio.intx.action.handle(0), b.fn().command, b.signals()]).toEqual([0, 0, 0]);
  });

  it('T152 unmask while pending: DisINTx stays, one more signal', () => {
    const b = armed();
    b.vfio.assert(0);
    expect(b.vfio.setIrqs(0, unmask)).toBe(0);
    expect([b.fn().command, b.device().masked, b.signals()]).toEqual([INTX_DISABLE, 1, 2]);
  });

  it('T153 unmask when served: DisINTx clears, no signal', () => {
    const b = armed();
    b.vfio.assert(0);
    b.vfio.deassert(0);
    b.vfio.setIrqs(0, unmask);
    expect([b.fn().command, b.device().masked, b.signals()]).toEqual([0, 0, 1]);
  });

  it("T154 the guest's own DisINTx: nothing while set, pending then signalled when cleared", () => {
    const b = armed();
    b.vfio.guestWriteCommand(0, INTX_DISABLE);
    b.vfio.assert(0);
    expect(b.signals()).toBe(0);
    b.vfio.guestWriteCommand(0, 0);
    expect(b.signals()).toBe(1);
  });

  it('CORE-23 the resamplefd unmasks through the deferred work', () => {
    const b = armed();
    b.vfio.assert(0);
    b.vfio.deassert(0);
    b.eventfds.write(b.back);
    expect(b.device().masked).toBe(1);
    b.settle();
    expect(b.device().masked).toBe(0);
  });

  it('T159 a second unmask eventfd is refused', () => {
    const b = armed();
    expect(b.vfio.setIrqs(0, unmaskBy(b.eventfds.create()))).toBe(-EBUSY);
  });

  it('closing frees line and eventfds; the function goes on asserting', () => {
    const b = armed();
    b.vfio.assert(0);
    b.vfio.close(0);
    expect([b.host.actions(16), b.device().irqType, b.fn().pending]).toEqual([[], IRQ_TYPE.NONE, 1]);
  });

  it('CORE-21 re-opening a device that was left asserted and masked clears DisINTx and delivers', () => {
    const b = armed();
    b.vfio.assert(0);
    b.vfio.close(0);
    b.vfio.open(0);
    const fd = b.eventfds.create();
    expect(b.vfio.setIrqs(0, trigger(fd))).toBe(0);
    b.settle();
    expect([b.eventfds.count(fd), b.device().masked]).toEqual([1, 1]);
  });
});

describe('CORE-21 INTx of a device without working DisINTx', () => {
  it('T169 the probe finds it; the line is exclusive and masked at the line', () => {
    const found = bench([OLD, { ...NIC, quirk: true }, NIC]);
    expect([0, 1, 2].map((i) => found.pci.maskSupported(i))).toEqual([false, false, true]);
    const b = armed(OLD);
    b.vfio.assert(0);
    expect([b.device().masked, b.line(16).depth, b.fn().command, b.signals()]).toEqual([1, 1, 0, 1]);
    b.vfio.setIrqs(0, unmask);
    expect([b.signals(), b.line(16).depth]).toEqual([2, 1]);
  });

  // Before fe9a7082684e the flags were 00000000.
  it('T160 cannot join a shared line', () => {
    const b = bench([NIC, { ...OLD, name: 'old' }]);
    for (const i of [0, 1]) b.vfio.open(i);
    expect(b.vfio.setIrqs(0, trigger(b.eventfds.create()))).toBe(0);
    expect(b.vfio.setIrqs(1, trigger(b.eventfds.create()))).toBe(-EBUSY);
    expect(b.events.find((e) => e.name === 'genirq')?.fields['text']).toBe(
      'genirq: Flags mismatch irq 16. 00080000 (vfio-intx(old)) vs. 00000080 (vfio-intx(nic))',
    );
  });
});

describe('CORE-25 VFIO_DEVICE_SET_IRQS', () => {
  const rows: [string, SetIrqs, number, number][] = [
    ['T155 MASK with EVENTFD', set(INDEX.INTX, DATA.EVENTFD | ACTION.MASK, [1]), 1, -ENOTTY],
    ['T155 MASK on MSI', set(INDEX.MSI, DATA.NONE | ACTION.MASK, []), 4, -ENOTTY],
    ['T155 start 1 on INTx', set(INDEX.INTX, DATA.NONE | ACTION.MASK, [], { start: 1 }), 1, -EINVAL],
    ['unknown index', set(9, DATA.NONE | ACTION.MASK, []), 1, -EINVAL],
    ['unknown flag', set(INDEX.INTX, 64 | DATA.NONE | ACTION.MASK, []), 1, -EINVAL],
    ['two data types', set(INDEX.INTX, DATA.NONE | DATA.BOOL | ACTION.MASK, [1]), 1, -EINVAL],
    ['no action', set(INDEX.INTX, DATA.NONE, []), 1, -ENOTTY],
    ['two actions', set(INDEX.INTX, DATA.NONE | ACTION.MASK | ACTION.UNMASK, []), 1, -ENOTTY],
    ['short payload', set(INDEX.MSI, DATA.EVENTFD | ACTION.TRIGGER, [], { count: 2 }), 4, -EINVAL],
    ['beyond the last', set(INDEX.MSI, DATA.NONE | ACTION.TRIGGER, [], { start: 3, count: 2 }), 4, -EINVAL],
    ['count wraps', set(INDEX.MSI, DATA.NONE | ACTION.TRIGGER, [], { start: 1, count: 0xffffffff }), 4, -EINVAL],
    ['UNMASK on ERR', set(INDEX.ERR, DATA.NONE | ACTION.UNMASK, []), 1, -ENOTTY],
    ['good', set(INDEX.INTX, DATA.NONE | ACTION.UNMASK, []), 1, 0],
  ];
  for (const [name, request, num, expected] of rows) it(name, () => expect(setIrqsError(request, num)).toBe(expected));

  it('CORE-25 INTx without a line, mask without INTx, trigger by NONE', () => {
    const b = bench([{ name: 'x', kind: 'pci' }, NIC]);
    expect(b.vfio.setIrqs(0, trigger(b.eventfds.create()))).toBe(-EINVAL);
    expect(b.vfio.intx.prepare(0, 1)).toBe(-ENODEV);
    expect(b.vfio.setIrqs(1, mask)).toBe(-EINVAL);
    const fd = b.eventfds.create();
    b.vfio.open(1);
    b.vfio.setIrqs(1, trigger(fd));
    expect([b.vfio.setIrqs(1, set(INDEX.INTX, DATA.NONE | ACTION.TRIGGER, [])), b.eventfds.count(fd)]).toEqual([0, 1]);
    expect(b.vfio.setIrqs(1, set(INDEX.INTX, DATA.NONE | ACTION.TRIGGER, [], { count: 0 }))).toBe(0);
    expect(b.device(1).irqType).toBe(IRQ_TYPE.NONE);
  });
});

describe('CORE-24 MSI and MSI-X', () => {
  const msix: DeviceSpec = { name: 'nvme', kind: 'pci', hostIrq: 16, msi: 8, msix: 8, vectorsAvailable: 4 };
  const fds = (b: ReturnType<typeof bench>, n: number): number[] =>
    Array.from({ length: n }, () => b.eventfds.create());
  const block = (data: number[], start = 0): SetIrqs => ({
    index: INDEX.MSIX,
    start,
    count: data.length,
    flags: DATA.EVENTFD | ACTION.TRIGGER,
    data,
  });

  it('T156 not while INTx is active', () => {
    const b = bench([msix]);
    b.vfio.open(0);
    b.vfio.setIrqs(0, trigger(b.eventfds.create()));
    expect(b.vfio.setIrqs(0, block(fds(b, 1)))).toBe(-EINVAL);
    expect(b.vfio.setIrqs(0, { ...block(fds(b, 1)), index: INDEX.MSI })).toBe(-EINVAL);
  });

  it('T156 nor INTx while MSI or MSI-X is active', () => {
    for (const index of [1, 2]) {
      const b = bench([{ ...msix, msi: 1 }]);
      b.vfio.open(0);
      b.vfio.setIrqs(0, { ...block(fds(b, 1)), index });
      const type = index === 1 ? IRQ_TYPE.MSI : IRQ_TYPE.MSIX;
      expect([b.device().irqType, b.vfio.setIrqs(0, trigger(b.eventfds.create()))]).toEqual([type, -EINVAL]);
    }
  });

  it('T157 all or nothing: asks for 8, gets told 4, nothing enabled', () => {
    const b = bench([msix]);
    expect([b.vfio.setIrqs(0, block(fds(b, 8))), b.device().irqType, b.device().vectors.at(0).enabled]).toEqual([
      4,
      IRQ_TYPE.NONE,
      0,
    ]);
  });

  it('T158 a failure in the middle takes the vectors of the call down again', () => {
    const b = bench([msix]);
    expect(b.vfio.setIrqs(0, block([...fds(b, 2), 0x3ff, ...fds(b, 1)]))).toBeLessThan(0);
    expect([0, 1, 2, 3].map((v) => b.device().vectors.at(v).enabled)).toEqual([0, 0, 0, 0]);
  });

  it('CORE-24 signals, masks with pending bit, swaps a trigger, disables', () => {
    const b = bench([msix]);
    const [x, y] = fds(b, 2) as [number, number];
    expect(b.vfio.setIrqs(0, block([x, y]))).toBe(0);
    b.vfio.msi.raise(0, 1);
    b.vfio.msi.setMaskBit(0, 1, true);
    b.vfio.msi.raise(0, 1);
    expect([b.eventfds.count(y), b.device().vectors.at(1).pendingBit]).toEqual([1, 1]);
    b.vfio.msi.setMaskBit(0, 1, false);
    expect([b.eventfds.count(y), b.device().vectors.at(1).pendingBit]).toEqual([2, 0]);
    const z = b.eventfds.create();
    expect(b.vfio.setIrqs(0, block([z], 1))).toBe(0);
    b.vfio.msi.raise(0, 1);
    expect([b.eventfds.count(y), b.eventfds.count(z)]).toEqual([2, 1]);
    expect(
      b.vfio.setIrqs(0, { index: INDEX.MSIX, start: 0, count: 0, flags: DATA.NONE | ACTION.TRIGGER, data: [] }),
    ).toBe(0);
    expect([b.device().irqType, b.device().vectors.at(0).producer]).toEqual([IRQ_TYPE.NONE, 0]);
  });

  it('CORE-27 ERR and REQ have one eventfd each', () => {
    const b = bench([msix]);
    const [e, r] = fds(b, 2) as [number, number];
    expect([
      b.vfio.setIrqs(0, set(INDEX.ERR, DATA.EVENTFD | ACTION.TRIGGER, [e])),
      b.vfio.setIrqs(0, set(INDEX.REQ, DATA.EVENTFD | ACTION.TRIGGER, [r])),
    ]).toEqual([0, 0]);
    b.vfio.setIrqs(0, set(INDEX.REQ, DATA.BOOL | ACTION.TRIGGER, [1]));
    expect([b.eventfds.count(e), b.eventfds.count(r)]).toEqual([0, 1]);
  });
});

describe('config space helpers', () => {
  it('T168 check-and-mask with the bit set already: true, nothing changes', () => {
    const b = armed();
    b.vfio.assert(0);
    expect([b.pci.checkAndMask(0), b.fn().command]).toEqual([true, INTX_DISABLE]);
    expect([b.pci.checkAndUnmask(0), b.fn().command]).toEqual([false, INTX_DISABLE]);
    expect(b.vfio.configDword(0)).toBe(INTX_DISABLE | (0x18 << 16));
  });
});

describe('CORE-26 platform devices', () => {
  it('level: masked at the line until unmasked; edge: signals only', () => {
    const level = armed({ name: 'uart', kind: 'platform', hostIrq: 20 });
    level.vfio.assert(0);
    level.vfio.deassert(0);
    level.vfio.assert(0);
    expect([level.signals(), level.line(20).depth]).toEqual([1, 1]);
    const edge = bench([{ name: 'gpio', kind: 'platform', hostIrq: 21, edge: true }]);
    const fd = edge.eventfds.create();
    edge.vfio.open(0);
    expect([edge.vfio.setIrqs(0, trigger(fd)), edge.vfio.setIrqs(0, unmaskBy(fd))]).toEqual([0, -EINVAL]);
    for (let i = 0; i < 3; i++) edge.vfio.assert(0);
    expect([edge.eventfds.count(fd), edge.line(21).depth]).toEqual([3, 0]);
  });
});

describe('the mask of a platform device is apart from its trigger', () => {
  const UART: DeviceSpec = { name: 'uart', kind: 'platform', hostIrq: 20 };
  const none = set(INDEX.INTX, DATA.NONE | ACTION.TRIGGER, [], { count: 0 });

  it('the irq is requested when the device is opened, and off until it has a trigger', () => {
    const b = bench([UART]);
    b.vfio.open(0);
    expect([b.host.actions(20).length, b.line(20).depth]).toEqual([1, 1]);
    b.vfio.assert(0);
    expect(b.vfio.setIrqs(0, trigger(b.eventfds.create()))).toBe(0);
    expect([b.device().masked, b.line(20).depth]).toEqual([1, 1]);
  });

  it.each([
    ['-1', trigger(-1)],
    ['count 0', none],
  ])('a mask outlives a trigger that is taken away (%s): the next one stays silent until UNMASK', (_how, away) => {
    const b = armed(UART);
    b.vfio.assert(0);
    expect([b.vfio.setIrqs(0, away), b.line(20).depth]).toEqual([0, 2]);
    const next = b.eventfds.create();
    expect([b.vfio.setIrqs(0, trigger(next)), b.line(20).depth, b.eventfds.count(next)]).toEqual([0, 1, 0]);
    expect([b.vfio.setIrqs(0, unmask), b.eventfds.count(next), b.device().masked]).toEqual([0, 1, 1]);
  });

  it('a device that was closed starts unmasked', () => {
    const b = armed(UART);
    b.vfio.assert(0);
    b.vfio.close(0);
    expect([b.host.actions(20).length, b.device().masked]).toEqual([0, 0]);
    b.vfio.open(0);
    const next = b.eventfds.create();
    b.vfio.setIrqs(0, trigger(next));
    expect(b.eventfds.count(next)).toBe(1);
  });

  it('fired by ioctl: a masked one is silent', () => {
    const b = armed(UART);
    const fire = set(INDEX.INTX, DATA.NONE | ACTION.TRIGGER, []);
    expect([b.vfio.setIrqs(0, fire), b.signals(), b.device().masked]).toEqual([0, 1, 1]);
    expect([b.vfio.setIrqs(0, fire), b.signals()]).toEqual([0, 1]);
    b.vfio.setIrqs(0, unmask);
    expect([b.vfio.setIrqs(0, mask), b.line(20).depth, b.vfio.setIrqs(0, mask), b.line(20).depth]).toEqual([
      0, 1, 0, 1,
    ]);
  });

  const rows: [string, DeviceSpec, SetIrqs, number][] = [
    ['MASK of an edge', { ...UART, edge: true }, mask, -EINVAL],
    ['UNMASK with start 1', UART, { ...unmask, start: 1 }, -EINVAL],
    ['TRIGGER of two', UART, { ...trigger(1), count: 2 }, -EINVAL],
    ['an index it does not have', UART, set(INDEX.MSI, DATA.EVENTFD | ACTION.TRIGGER, [1]), -EINVAL],
    ['no eventfd', UART, trigger(0xfff0), -EBADF],
  ];
  it.each(rows)('%s', (_name, spec, request, errno) => {
    const b = bench([spec]);
    b.vfio.open(0);
    expect(b.vfio.setIrqs(0, request)).toBe(errno);
  });

  it('an irq that another driver has for itself: every request says so; a device that is not open has no descriptor', () => {
    const b = bench([{ name: 'a', kind: 'host', hostIrq: 20, exclusive: true }, { ...UART }]);
    expect(b.vfio.setIrqs(1, trigger(1))).toBe(-EBADF);
    b.vfio.open(0);
    b.vfio.open(1);
    expect([b.vfio.setIrqs(1, trigger(1)), b.vfio.setIrqs(1, unmask)]).toEqual([-EBUSY, -EBUSY]);
    b.vfio.close(1);
    expect(b.host.actions(20).length).toBe(1);
  });
});

describe('a random life', () => {
  type Verb = 'assert' | 'deassert' | 'mask' | 'unmask' | 'guestOff' | 'guestOn' | 'resample' | 'reset';
  const verbs: Verb[] = ['assert', 'deassert', 'mask', 'unmask', 'guestOff', 'guestOn', 'resample', 'reset'];
  const apply = (b: ReturnType<typeof armed>, verb: Verb): void => {
    const doIt: Record<Verb, () => unknown> = {
      assert: () => b.vfio.assert(0),
      deassert: () => b.vfio.deassert(0),
      mask: () => b.vfio.setIrqs(0, mask),
      unmask: () => b.vfio.setIrqs(0, unmask),
      guestOff: () => b.vfio.guestWriteCommand(0, INTX_DISABLE),
      guestOn: () => b.vfio.guestWriteCommand(0, 0),
      resample: () => b.eventfds.write(b.back),
      reset: () => b.vfio.reset(0),
    };
    doIt[verb]();
    b.settle();
  };

  for (const spec of [NIC, OLD])
    it(`${spec === NIC ? 'PCI 2.3' : 'exclusive'}: no storm, no loss, depth in order`, () => {
      fc.assert(
        fc.property(fc.array(fc.constantFrom(...verbs), { maxLength: 40 }), (life) => {
          const b = armed(spec);
          for (const verb of life) {
            const before = b.signals();
            const wasMasked = b.device().masked;
            apply(b, verb);
            const d = b.device();
            const unhandled = b.line(16).asserted !== 0 && b.line(16).depth === 0;
            expect({ life, verb, unhandled }).toEqual({ life, verb, unhandled: false });
            const free = b.fn().pending === 1 && d.masked === 0 && d.virqDisabled === 0;
            expect({ life, verb, pendingUnmasked: free }).toEqual({ life, verb, pendingUnmasked: false });
            if (verb === 'assert' && wasMasked === 0 && d.virqDisabled === 0) expect(b.signals()).toBe(before + 1);
            expect(b.line(16).depth).toBe(spec === OLD ? d.masked : 0);
          }
          expect(b.events.some((e) => e.name === 'nobody_cared')).toBe(false);
        }),
      );
    });

  it('a device whose DisINTx does nothing storms and is switched off for everybody', () => {
    const b = bench([{ ...NIC, disIntxWorks: false }], { window: 100, unhandled: 90, gap: 100n });
    b.vfio.open(0);
    b.vfio.setIrqs(0, trigger(b.eventfds.create()));
    b.vfio.assert(0);
    expect(b.events.find((e) => e.name === 'nobody_cared')?.fields['text']).toBe(
      'irq 16: nobody cared (try booting with the "irqpoll" option)',
    );
    expect([b.line(16).spuriousDisabled, b.line(16).depth]).toEqual([1, 1]);
  });
});

describe('references', () => {
  it('a trigger outlives the close of its descriptor, and is freed with the interrupt', () => {
    const b = bench([NIC]);
    b.vfio.open(0);
    const fd = b.eventfds.create();
    b.vfio.setIrqs(0, trigger(fd));
    b.eventfds.close(fd);
    b.vfio.assert(0);
    expect(b.eventfds.count(fd)).toBe(1);
    b.vfio.close(0);
    expect(() => b.eventfds.count(fd)).toThrow(/stale/);
  });
});
