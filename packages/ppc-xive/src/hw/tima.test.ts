// Bytes that each page of the TIMA shows, sizes that pass, push and pull. Tables, from QEMU 7.2's hw/intc/xive.c.

import { describe, expect, it } from 'vitest';
import { type Hardware, hardware } from './__fixtures__/hardware.ts';
import { RING, W2_VALID } from './presenter.ts';
import { QEMU_7_2 } from './profile.ts';
import { osWord, TM, TM_PAGE, type TmAccess } from './tima.ts';

const { HW, HV, OS, USER } = TM_PAGE;
const RINGS = [RING.USER, RING.OS, RING.POOL, RING.PHYS];
const ONES = { hi: 0xffffffff, lo: 0xffffffff };

/** A thread all of whose bits are 1. */
function full(): Hardware {
  const h = hardware();
  for (const ring of RINGS)
    Object.assign(h.ring(0, ring), { nsr: 255, cppr: 255, ipb: 255, lsmfb: 255, ack: 255, inc: 255, age: 255 });
  for (const ring of RINGS) Object.assign(h.ring(0, ring), { pipr: 255, w2: 0xffffffff, w3: 0xffffffff });
  return h;
}

/** Bytes of a ring as the model keeps them. */
const bytesOf = (h: Hardware, ring: number): number[] => {
  const r = h.ring(0, ring);
  const word = (w: number): number[] => [24, 16, 8, 0].map((s) => (w >>> s) & 0xff);
  return [r.nsr, r.cppr, r.ipb, r.lsmfb, r.ack, r.inc, r.age, r.pipr, ...word(r.w2), ...word(r.w3)];
};

/** Readable bytes of a ring, `x` or `-`, through aligned loads of a size. */
function readable(page: number, ring: number, size: 4 | 8): string {
  const h = full();
  const hex: string[] = [];
  for (let offset = 16 * ring; offset < 16 * ring + 16; offset += size) {
    const lo = h.tima.load(0, page, { offset, size });
    if (lo === -1) hex.push('00'.repeat(size));
    else hex.push(...(size === 8 ? [h.tima.hi, lo] : [lo]).map((w) => w.toString(16).padStart(8, '0')));
  }
  return hex.join('').replaceAll('ff', 'x').replaceAll('00', '-');
}

/** The same for stores into an empty thread. */
function writable(page: number, ring: number, size: 4 | 8): string {
  const h = hardware();
  for (const r of RINGS) Object.assign(h.ring(0, r), { pipr: 0, ack: 0, age: 0, lsmfb: 0 });
  for (let offset = 16 * ring; offset < 16 * ring + 16; offset += size)
    if (offset !== TM.PUSH_OS_CTX) h.tima.store(0, page, { offset, size }, ONES);
  return bytesOf(h, ring)
    .map((b) => (b === 255 ? 'x' : '-'))
    .join('');
}

describe('F-20 bytes by page, ring and size', () => {
  const READ: readonly (readonly [string, number, readonly string[]])[] = [
    ['hardware', HW, ['----------------', 'xxxxxx-xxxxx----', '--xx----xxxx----', 'xxxx-x-xx--xxxx-']],
    ['hypervisor', HV, ['----------------', 'xxxxxx-xxxxx----', '--xx-----xxx----', 'xxxx-x-xx--x----']],
    ['OS', OS, ['----------------', 'xxxxxx-x--------', '----------------', '----------------']],
    ['user', USER, ['----------------', '----------------', '----------------', '----------------']],
  ];
  for (const size of [4, 8] as const)
    it.each(READ)(`%s page: what loads of ${size} bytes see`, (_name, page, rows) => {
      expect(RINGS.map((ring) => readable(page, ring, size))).toEqual(rows);
    });

  // Word 2 of the OS ring is left out: a store to it is a push.
  const WRITE: readonly (readonly [string, number, readonly string[]])[] = [
    ['hardware', HW, ['----------------', 'xxxxxx----------', '--xx----xxxx----', 'xxxx-x--x--xxxx-']],
    ['hypervisor', HV, ['----------------', 'xxxxxx----------', '--xx-----xxx----', 'xxxx-x--x--x----']],
    ['OS', OS, ['----------------', '-x--------------', '----------------', '----------------']],
    ['user', USER, ['----------------', '----------------', '----------------', '----------------']],
  ];
  for (const size of [4, 8] as const)
    it.each(WRITE)(`%s page: what stores of ${size} bytes change`, (_name, page, rows) => {
      expect(RINGS.map((ring) => writable(page, ring, size))).toEqual(rows);
    });

  const bad: readonly (readonly [string, number, TmAccess])[] = [
    ['two bytes', HV, { offset: 0x10, size: 2 }],
    ['one byte', HV, { offset: 0x10, size: 1 }],
    ['the user ring', HW, { offset: 0x08, size: 4 }],
    ['misaligned', HW, { offset: 0x12, size: 4 }],
    ['misaligned for 8', HW, { offset: 0x14, size: 8 }],
    ['bytes that the page does not show', OS, { offset: 0x30, size: 4 }],
    ['above 2 KiB, no operation', HW, { offset: 0x900, size: 4 }],
    ['an operation of another size', HV, { offset: TM.ACK_OS_REG, size: 4 }],
    ['an operation of a more privileged page', OS, { offset: TM.PULL_OS_CTX, size: 4 }],
  ];
  it.each(bad)('%s: an error; loads give all ones, stores change nothing', (_what, page, at) => {
    const h = hardware();
    const before = h.arena.bytes.slice();
    expect(h.tima.load(0, page, at)).toBe(-1);
    h.tima.store(0, page, at, ONES);
    expect(h.arena.bytes).toEqual(before);
    expect(h.takeReports()).toHaveLength(2);
  });

  it('the first 2 KiB repeat the context, and the page repeats every 4 KiB', () => {
    const h = hardware();
    h.push(0, 3);
    for (const offset of [0x18, 0x58, 0x798, 0x1018])
      expect(h.tima.load(0, HV, { offset, size: 4 })).toBe(osWord(0, 3, 1));
    h.tima.store(0, OS, { offset: 0x1011, size: 1 }, { hi: 0, lo: 4 });
    expect(h.os(0).cppr).toBe(4);
  });
});

describe('F-19 push and pull', () => {
  const push = { offset: TM.PUSH_OS_CTX, size: 4 } as const;
  const pull = { offset: TM.PULL_OS_CTX, size: 4 } as const;

  it('a store of word 2 puts the context on, a load takes it off and returns it as it was', () => {
    const h = hardware();
    h.tima.store(0, HV, push, { hi: 0, lo: osWord(0, 3, 1) });
    expect(h.tima.load(0, HV, pull)).toBe(osWord(0, 3, 1));
    expect([h.os(0).w2, h.tima.load(0, HV, pull)]).toEqual([3, 3]);
  });

  it('a pull lowers the line and leaves the registers for the hypervisor to read', () => {
    const h = hardware();
    h.connect(0, 6);
    h.trigger(0);
    h.tima.load(0, HV, pull);
    const { nsr, ipb, pipr, cppr } = h.os(0);
    expect([nsr, ipb, pipr, cppr, h.state.threads.at(0).osLine]).toEqual([0x80, 0x02, 6, 0xff, 0]);
    h.push(0, 3);
    expect([h.state.threads.at(0).osLine, h.ackOs(0)]).toEqual([1, 0x8006]);
  });

  it('a push shows what a restored IPB has pending, although the NVT has nothing', () => {
    const h = hardware();
    h.nvt(3).valid = 1;
    h.tima.store(0, HV, { offset: 0x10, size: 8 }, { hi: 0x00ff02ff, lo: 0xff000000 });
    expect(h.os(0).nsr).toBe(0);
    h.push(0, 3);
    expect([h.os(0).nsr, h.os(0).pipr]).toEqual([0x80, 6]);
  });

  it('a push without the valid bit only stores', () => {
    const h = hardware();
    Object.assign(h.nvt(3), { valid: 1, ipb: 0x02 });
    h.tima.store(0, HV, push, { hi: 0, lo: 3 });
    expect([h.os(0).w2, h.os(0).ipb, h.nvt(3).ipb]).toEqual([3, 0, 0x02]);
  });

  it('eight bytes at word 2 push on POWER10 and are raw on POWER9 and in QEMU 7.2', () => {
    const eight = { offset: TM.PUSH_OS_CTX, size: 8 } as const;
    const seen = [{}, { generation: 2 as const }, { generation: 2 as const, profile: QEMU_7_2 }].map((options) => {
      const h = hardware(options);
      Object.assign(h.nvt(3), { valid: 1, ipb: 0x02 });
      h.tima.store(0, HV, eight, { hi: (W2_VALID | 3) >>> 0, lo: 0 });
      return [h.os(0).w2, h.os(0).ipb];
    });
    const w2 = (W2_VALID | 3) >>> 0;
    expect(seen).toEqual([
      [w2, 0],
      [w2, 0x02],
      [w2, 0],
    ]);
  });

  it('an eight-byte pull answers in the low word', () => {
    const h = hardware();
    h.push(0, 3);
    expect([h.tima.load(0, HV, { offset: TM.PULL_OS_CTX, size: 8 }), h.tima.hi]).toEqual([osWord(0, 3, 1), 0]);
  });
});
