// X86-31 IRTEs bit for bit: the bytes in the arena are the hardware's.

import { createArena, struct } from '@virq/irq-core/arena';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { postedGuest } from '../__fixtures__/posted.ts';
import { activateGuestMode, deactivateGuestMode, IrData, mapHost } from './amd.ts';
import { Dte, TABLE_LENGTH } from './dte.ts';
import { destination, Irte, irteImage, legacyIrte, rootFrame, setDestination, setRootFrame } from './irte.ts';

const arena = () => createArena(struct('t', { entry: Irte, data: IrData }));

describe('X86-31 128-bit entry', () => {
  it('the image is what lies in memory', () => {
    const u32 = fc.nat(0xffffffff);
    fc.assert(
      fc.property(u32, u32, u32, u32, (a, b, c, d) => {
        const { root, bytes } = arena();
        new Uint32Array(bytes.buffer, bytes.byteOffset, 4).set([a, b, c & ~0xf00, d & ~0xf00000]);
        const [lo, hi] = irteImage(root.entry);
        const word = (n: number): bigint => BigInt(n >>> 0);
        expect([lo, hi]).toEqual([(word(b) << 32n) | word(a), (word(d & ~0xf00000) << 32n) | word(c & ~0xf00)]);
      }),
    );
  });

  it('destination and root keep 32 bits', () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), fc.nat(0xffffffff), (dest, frame) => {
        const { entry } = arena().root;
        setDestination(entry, dest);
        setRootFrame(entry, frame);
        expect([destination(entry), rootFrame(entry)]).toEqual([dest, frame]);
      }),
    );
  });

  it('guest mode and back', () => {
    const { data } = arena().root;
    mapHost(data, 8, 0x22, 3);
    const host = irteImage(data.entry);
    expect(host).toEqual([(3n << 8n) | 1n, 0x22n]);
    activateGuestMode(data, { frame: 0x10001, vector: 0x31, tag: 0x201 }, { cpu: 2, log: 0 });
    expect(irteImage(data.entry)).toEqual([(0x201n << 32n) | 0x2c1n, (0x10001n << 12n) | 0x31n]);
    activateGuestMode(data, { frame: 0x10001, vector: 0x31, tag: 0x201 }, { cpu: -1, log: 1 });
    expect(irteImage(data.entry)[0]).toBe((0x201n << 32n) | 0x85n);
    expect([deactivateGuestMode(data), irteImage(data.entry), deactivateGuestMode(data)]).toEqual([true, host, false]);
  });
});

describe('X86-31 device table entry', () => {
  const g = postedGuest();
  g.passThrough(0);
  const send = (dte: Readonly<Record<string, number>>, data: number) => {
    g.op('iommu_dte', {
      device: 'nic',
      iv: 1,
      int_ctl: 2,
      nmi_pass: 0,
      init_pass: 0,
      extint_pass: 0,
      length: 9,
      ...dte,
    });
    return g.op('iommu_msi', { device: 'nic', address_lo: 0xfee00000, data }).out?.['to'];
  };
  it.each([
    ['index 0 of the table', {}, 0, 'posted'],
    ['an entry that nobody mapped', {}, 5, 'aborted'],
    ['beyond the table', { length: 4 }, 16, 'aborted'],
    ['remapping off', { iv: 0 }, 5, 'host'],
    ['IntCtl abort', { int_ctl: 0 }, 0, 'aborted'],
    ['IntCtl pass', { int_ctl: 1 }, 0, 'host'],
    ['IntCtl reserved', { int_ctl: 3 }, 0, 'aborted'],
    ['an NMI', {}, 0x400, 'aborted'],
    ['an NMI that passes', { nmi_pass: 1 }, 0x400, 'host'],
    ['an INIT that passes', { init_pass: 1 }, 0x500, 'host'],
    ['an ExtINT that passes', { extint_pass: 1 }, 0x700, 'host'],
  ])('%s', (_name, dte, data, to) => expect(send(dte, data)).toBe(to));

  it('quadword 2 lies in memory as the hardware reads it', () => {
    const { root, bytes } = createArena(struct('t', { dte: Dte }));
    Object.assign(root.dte, { iv: 1, tableLength: TABLE_LENGTH, intCtl: 2, nmiPass: 1 });
    const words = new BigUint64Array(bytes.buffer, bytes.byteOffset, 1);
    expect(words[0]).toBe((2n << 60n) | (1n << 58n) | (9n << 1n) | 1n);
  });
});

describe('X86-31 32-bit entry', () => {
  it('vector at bit 16, eight bits of destination', () => {
    const { data } = arena().root;
    mapHost(data, 8, 0x22, 3);
    expect(legacyIrte(data.entry)).toBe(0x00220301);
  });
});
