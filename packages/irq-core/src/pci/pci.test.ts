// PCI functions by the book: registers, pin, line, helpers, probe, quirks, wiring (PCI-01 to PCI-03, PCI-13, PCI-14).

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bench } from '../vfio/__fixtures__/bench.ts';
import type { DeviceSpec } from '../vfio/index.ts';
import { ACTION, DATA, INDEX } from '../vfio/index.ts';
import {
  atRoot,
  CONFIG,
  drivesPin,
  firmwareMessage,
  INTX_DISABLE,
  INTX_STATUS,
  isMaskingBroken,
  isNoIntx,
  lineOf,
  swizzle,
} from './index.ts';

const NIC: DeviceSpec = { name: 'nic', kind: 'pci', hostIrq: 16 };

describe('PCI-01 registers, pin and line', () => {
  it('command is read and written, reserved bits stay 0, capabilities are announced', () => {
    const { pci } = bench([NIC]);
    pci.write(0, CONFIG.COMMAND, 2, 0xffff);
    expect(pci.read(0, CONFIG.COMMAND, 4)).toBe(0x00100577);
    pci.write(0, CONFIG.COMMAND + 1, 1, 0);
    expect(pci.read(0, CONFIG.COMMAND, 2)).toBe(0x77);
  });

  it('status bits are cleared by writing 1, Interrupt Status is not', () => {
    const { pci, fn } = bench([NIC]);
    fn().status = 0x2900;
    pci.assert(0);
    pci.write(0, CONFIG.STATUS, 2, 0x0908);
    expect(pci.read(0, CONFIG.STATUS, 2)).toBe(0x2000 | 0x10 | INTX_STATUS);
  });

  it('a write of the dword with what was read clears status bits: why Linux writes 16 bits only', () => {
    const { pci, fn } = bench([NIC]);
    fn().status = 0x8000;
    pci.write(0, CONFIG.COMMAND, 4, pci.read(0, CONFIG.COMMAND, 4));
    expect(fn().status).toBe(0);
    fn().status = 0x8000;
    pci.assert(0);
    pci.checkAndMask(0);
    expect(fn().status).toBe(0x8000);
  });

  it('line and pin registers', () => {
    const { pci } = bench([{ name: 'x', kind: 'pci', place: { slot: 1, pin: 3, behind: [] } }]);
    expect([pci.read(0, CONFIG.INTERRUPT_LINE, 1), pci.read(0, CONFIG.INTERRUPT_PIN, 1)]).toEqual([19, 3]);
    pci.write(0, CONFIG.INTERRUPT_PIN, 1, 1);
    expect(pci.read(0, CONFIG.INTERRUPT_PIN, 1)).toBe(3);
  });

  it('the line is the OR of what the pins drive, and a pin follows its equation', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(1), fc.nat(3)), { maxLength: 40 }), (life) => {
        const b = bench([NIC, { ...NIC, name: 'b' }]);
        for (const [i, verb] of life) {
          if (verb === 0) b.pci.assert(i);
          if (verb === 1) b.pci.deassert(i);
          if (verb === 2) b.pci.intx(i, !b.pci.isMasked(i) === false);
          if (verb === 3) b.pci.setMessage(i, b.fn(i).message === 0 ? 2 : 0);
          const pins = [0, 1].map((n) => {
            const { pending, command, message } = b.fn(n);
            const expected = pending === 1 && (command & INTX_DISABLE) === 0 && message === 0;
            expect(drivesPin(b.fn(n))).toBe(expected);
            return expected;
          });
          expect(b.host.isAsserted(16)).toBe(pins.includes(true));
        }
      }),
    );
  });
});

describe('PCI-02 check and mask, check and unmask', () => {
  const rows: [string, { pending: boolean; disabled: boolean }, [boolean, boolean], [boolean, boolean]][] = [
    ['quiet', { pending: false, disabled: false }, [false, false], [true, false]],
    ['quiet, masked', { pending: false, disabled: true }, [false, true], [true, false]],
    ['pending', { pending: true, disabled: false }, [true, true], [false, false]],
    ['T168 pending, masked', { pending: true, disabled: true }, [true, true], [false, true]],
  ];
  for (const [name, { pending, disabled }, mask, unmask] of rows)
    it(name, () => {
      const at = () => {
        const b = bench([{ name: 'nic', kind: 'pci' }]);
        if (pending) b.pci.assert(0);
        b.pci.intx(0, !disabled);
        return b.pci;
      };
      const [m, u] = [at(), at()];
      expect([m.checkAndMask(0), m.isMasked(0)]).toEqual(mask);
      expect([u.checkAndUnmask(0), u.isMasked(0)]).toEqual(unmask);
    });
});

describe('PCI-03 probe and quirks', () => {
  it('T169 a function from before PCI 2.3 does not keep the bit; one that ignores it passes the probe', () => {
    const { pci } = bench([NIC, { ...NIC, disIntxWritable: false }, { ...NIC, disIntxWorks: false }]);
    expect([0, 1, 2].map((i) => pci.maskSupported(i))).toEqual([true, false, true]);
    expect([0, 1, 2].map((i) => pci.read(i, CONFIG.COMMAND, 2))).toEqual([0, 0, 0]);
  });

  const table: [string, number, number, string | undefined, boolean, boolean][] = [
    ['Chelsio T310', 0x1425, 0x0030, undefined, true, false],
    ['RTL-8169', 0x10ec, 0x8169, undefined, true, false],
    ['XL710', 0x8086, 0x1583, undefined, true, true],
    ['X550, nointx only', 0x8086, 0x1563, undefined, false, true],
    ['82599', 0x8086, 0x10fb, undefined, false, false],
    ['ConnectX-3', 0x15b3, 0x1003, undefined, true, false],
    ['ConnectX-4, old firmware', 0x15b3, 0x1013, '12.12.0780', true, false],
    ['ConnectX-4, new firmware', 0x15b3, 0x1013, '12.14.1100', false, false],
    ['ConnectX-4, firmware unreadable', 0x15b3, 0x1013, undefined, false, false],
    ['ConnectX-4 Lx, minor beyond 99', 0x15b3, 0x1015, '14.100.1', true, false],
    ['Connect-IB', 0x15b3, 0x1011, '10.1.0', false, false],
  ];
  for (const [name, vendor, device, firmware, broken, noIntx] of table)
    it(name, () => {
      const id = { vendor, device, ...(firmware === undefined ? {} : { firmware }) };
      expect([isMaskingBroken(id), isNoIntx(id)]).toEqual([broken, noIntx]);
      expect(bench([{ ...NIC, id }]).pci.maskSupported(0)).toBe(!broken);
    });

  it('the message about old firmware is the kernel’s', () => {
    expect(firmwareMessage({ vendor: 0x15b3, device: 0x1015, firmware: '14.12.1' })).toBe(
      "ConnectX-4: FW 14.12.1 doesn't support INTx masking, disabling. Please upgrade FW to 14.14.1100 and up for ConnectX-4Lx",
    );
    expect(firmwareMessage({ vendor: 0x15b3, device: 0x1003, firmware: '1.0.0' })).toBeNull();
  });
});

describe('PCI-13 who shares a line', () => {
  it('a pin rotates by its slot at every bridge', () => {
    expect([1, 2, 3, 4].map((pin) => swizzle(pin, 1))).toEqual([2, 3, 4, 1]);
    expect(atRoot({ slot: 2, pin: 1, behind: [3] })).toEqual({ slot: 3, pin: 3 });
    expect(atRoot({ slot: 0, pin: 2, behind: [1, 3] })).toEqual({ slot: 3, pin: 3 });
    expect(lineOf({ slot: 2, pin: 1, behind: [3] })).toBe(lineOf({ slot: 0, pin: 2, behind: [1, 3] }));
  });

  it('functions whose places end at one line share it', () => {
    const b = bench([
      { name: 'a', kind: 'pci', place: { slot: 0, pin: 1, behind: [] } },
      { name: 'b', kind: 'pci', place: { slot: 4, pin: 1, behind: [] } },
      { name: 'c', kind: 'pci', place: { slot: 1, pin: 1, behind: [] } },
    ]);
    expect([0, 1, 2].map((i) => b.fn(i).hostIrq)).toEqual([16, 16, 17]);
    expect([0, 1, 2].map((i) => b.fn(i).lineBit)).toEqual([0, 1, 0]);
  });
});

describe('PCI-10 and PCI-14 with VFIO', () => {
  const count = (b: ReturnType<typeof bench>): number => b.vfio.irqCount(0, INDEX.INTX);

  it('PCI-10 nointx: INTx is hidden and DisINTx stays set; nointxmask does not look at the list', () => {
    const b = bench([{ ...NIC, id: { vendor: 0x8086, device: 0x1563 } }]);
    b.vfio.open(0);
    expect([count(b), b.pci.isMasked(0), b.device().pci23]).toEqual([0, true, 0]);
    const all = bench([{ ...NIC, id: { vendor: 0x8086, device: 0x1563 } }], undefined, true);
    all.vfio.open(0);
    expect([count(all), all.pci.isMasked(0), all.device().pci23]).toEqual([1, false, 0]);
  });

  it('PCI-10 a virtual function has no INTx, whatever its pin register says', () => {
    const b = bench([{ ...NIC, vf: true }]);
    expect([count(b), b.fn().pin, b.fn().hostIrq]).toEqual([0, 1, 0]);
  });

  it('PCI-14 MSI enabled silences INTx, and gives it back', () => {
    const b = bench([{ ...NIC, msi: 1 }]);
    b.vfio.open(0);
    const msi = { index: INDEX.MSI, start: 0, count: 1, flags: DATA.EVENTFD | ACTION.TRIGGER };
    expect(b.vfio.setIrqs(0, { ...msi, data: [b.eventfds.create()] })).toBe(0);
    b.vfio.assert(0);
    expect([b.host.isAsserted(16), b.fn().message, b.pci.isPending(0)]).toEqual([false, 1, true]);
    b.vfio.setIrqs(0, { index: INDEX.MSI, start: 0, count: 0, flags: DATA.NONE | ACTION.TRIGGER, data: [] });
    expect([b.host.isAsserted(16), b.fn().message]).toEqual([true, 0]);
  });
});

describe('PCI-06 and PCI-11 a driver of the host on the line', () => {
  const trigger = (fd: number) => ({
    index: INDEX.INTX,
    start: 0,
    count: 1,
    flags: DATA.EVENTFD | ACTION.TRIGGER,
    data: [fd],
  });
  const small = { window: 100, unhandled: 90, gap: 100n };
  const shared = (nic: Partial<DeviceSpec>) => {
    const b = bench(
      [
        { ...NIC, ...nic },
        { name: 'disk', kind: 'host', hostIrq: 16 },
      ],
      small,
    );
    b.vfio.open(1);
    b.vfio.open(0);
    return { ...b, ret: b.vfio.setIrqs(0, trigger(b.eventfds.create())) };
  };

  it('PCI-06 DisINTx works: shared; broken: EBUSY with the message; exclusive driver: EBUSY', () => {
    expect(shared({}).ret).toBe(0);
    const broken = shared({ disIntxWritable: false });
    expect(broken.ret).toBe(-16);
    expect(broken.events.filter((e) => e.name === 'genirq').map((e) => e.fields['text'])).toEqual([
      'genirq: Flags mismatch irq 16. 00080000 (vfio-intx(nic)) vs. 00000080 (disk)',
    ]);
    const b = bench([NIC, { name: 'disk', kind: 'host', hostIrq: 16, exclusive: true }]);
    b.vfio.open(0);
    b.vfio.setIrqs(0, trigger(b.eventfds.create()));
    expect(b.vfio.open(1)).toBe(-16);
  });

  it('PCI-06 a later driver cannot join the line of a broken device', () => {
    const b = bench([
      { ...NIC, quirk: true },
      { name: 'disk', kind: 'host', hostIrq: 16 },
    ]);
    b.vfio.open(0);
    expect(b.vfio.setIrqs(0, trigger(b.eventfds.create()))).toBe(0);
    expect(b.vfio.open(1)).toBe(-16);
  });

  const rows: [string, Partial<DeviceSpec>, number][] = [
    ['(a) the device does not show that it is pending', { statusWorks: false }, 1],
    ['(b) DisINTx has no effect', { disIntxWorks: false }, 1],
    ['an honest device', {}, 0],
  ];
  for (const [name, nic, dead] of rows)
    it(`PCI-11 ${name}`, () => {
      const b = shared(nic);
      b.vfio.assert(0);
      b.vfio.assert(1);
      expect([b.line(16).spuriousDisabled, b.fn(1).pending]).toEqual([dead, dead]);
    });

  it('PCI-11 (d) a device without driver asserts the line of others', () => {
    const b = shared({});
    b.vfio.close(1);
    b.vfio.assert(1);
    expect(b.line(16).spuriousDisabled).toBe(1);
    expect(b.events.filter((e) => e.name === 'nobody_cared').map((e) => e.fields['text'])).toEqual([
      'irq 16: nobody cared (try booting with the "irqpoll" option)',
      'handlers:',
      'vfio-intx(nic)',
      'Disabling IRQ #16',
    ]);
  });

  it('PCI-11 nointxmask=1 is the remedy for (b): the device gets the line for itself', () => {
    const b = bench([{ ...NIC, disIntxWorks: false }], small, true);
    b.vfio.open(0);
    expect(b.vfio.setIrqs(0, trigger(b.eventfds.create()))).toBe(0);
    b.vfio.assert(0);
    expect([b.line(16).spuriousDisabled, b.line(16).depth, b.device().masked]).toEqual([0, 1, 1]);
  });
});
