// X86-31 IRTEs bit for bit: the bytes in the arena are the hardware's.

import { createArena, struct } from '@virq/irq-core/arena';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { activateGuestMode, deactivateGuestMode, IrData, mapHost } from './amd.ts';
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

describe('X86-31 32-bit entry', () => {
  it('vector at bit 16, eight bits of destination', () => {
    const { data } = arena().root;
    mapHost(data, 8, 0x22, 3);
    expect(legacyIrte(data.entry)).toBe(0x00220301);
  });
});
