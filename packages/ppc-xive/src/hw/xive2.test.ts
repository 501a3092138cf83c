// XIVE2 of POWER10: layout of END and NVP, hardware that saves and restores contexts, and the sequence of QEMU's own pnv-xive2-test.c.

import { createArena } from '@virq/irq-core/arena';
import { describe, expect, it } from 'vitest';
import { packEnd, packNvt, unpackEnd, unpackNvt } from '../regs/tables.ts';
import { hardware, queueAt } from './__fixtures__/hardware.ts';
import { End, Nvt } from './layout.ts';
import { RING, threadCam, W2_HARDWARE, W2_VALID } from './presenter.ts';
import { TM, TM_PAGE } from './tima.ts';

const word = (w: number): string => (w >>> 0).toString(16).padStart(8, '0');
const words = (ws: readonly number[]): string => ws.map(word).join(' ');

describe('F-23 END and NVP of XIVE2', () => {
  const endOf = (fields: object): string => {
    const { root } = createArena(End);
    return words(packEnd(Object.assign(root, fields), 2));
  };

  it.each([
    ['valid', { valid: 1 }, 0, '80000000'],
    ['enqueue', { enqueue: 1 }, 0, '04000000'],
    ['notify', { notify: 1 }, 0, '02000000'],
    ['silent', { silent: 1 }, 0, '01000000'],
    ['backlog', { backlog: 1 }, 0, '00800000'],
    ['precluded', { precluded: 1 }, 0, '00400000'],
    ['unconditional', { unconditional: 1 }, 0, '00200000'],
    ['escalate', { escalate: 1 }, 0, '00100000'],
    ['escalate to END', { escalateEnd: 1 }, 0, '00040000'],
    ['ESn, ESe', { esn: 1, ese: 1 }, 1, '50000000'],
    ['generation flipped', { genFlipped: 1 }, 1, '00800000'],
    ['generation, index', { generation: 1, index: 0x3fffff }, 1, '007fffff'],
    ['queue, high', { qaddrHi: 0xabcdef }, 2, '00abcdef'],
    ['queue, low, and its size', { qaddrLo: 0x12340000, qsize: 4 }, 3, '12340004'],
    ['escalation', { escBlock: 3, escIndex: 0x123456 }, 4, '03123456'],
    ['its data', { escData: 0x7fffffff }, 5, '7fffffff'],
    ['target', { format: 1, ignore: 1, nvtBlock: 2, nvtIndex: 0xabcdef }, 6, 'c2abcdef'],
    ['priority', { priority: 0xff }, 7, '00ff0000'],
  ])('%s', (_what, fields, at, shown) => {
    const all = endOf(fields).split(' ');
    expect(all[at]).toBe(shown);
    expect(all.filter((w, i) => i !== at && w !== '00000000')).toEqual([]);
  });

  it('NVP: HW, checkout, context, ENDs; NVT: backlog in word 4', () => {
    const { root } = createArena(Nvt);
    const fields = {
      valid: 1,
      saveRestore: 1,
      checkedOut: 1,
      thread: 5,
      cppr: 0xff,
      ipb: 2,
      lsmfb: 7,
      endIndex: 0x208,
    };
    expect(words(packNvt(Object.assign(root, fields), 2))).toBe(
      '81000000 00040005 ff020700 00000000 00000000 00000208 00000000 00000000',
    );
    expect(words(packNvt(root, 1)).slice(0, 45)).toBe('80000000 00000208 00000000 00000000 00000200 ');
  });

  it.each([1, 2])('words of generation %i come back as they went', (generation) => {
    const end = createArena(End).root;
    const given = [0xffffffff, 0xffffffff, 0x0fffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff];
    unpackEnd(end, given, generation);
    const once = packEnd(end, generation);
    unpackEnd(end, once, generation);
    expect(packEnd(end, generation)).toEqual(once);
    const nvt = createArena(Nvt).root;
    unpackNvt(nvt, given, generation);
    expect(nvt.ipb).toBe(0xff);
    unpackNvt(nvt, packNvt(nvt, generation), generation);
    expect([nvt.valid, nvt.endIndex]).toEqual([1, 0xffffff]);
  });

  it('the flipped generation is noted by POWER10 alone', () => {
    const flipped = ([1, 2] as const).map((generation) => {
      const h = hardware({ generation });
      h.setEnd(4, { index: 1023, generation: 0 });
      h.router.notifyEnd(4, 1);
      return [h.end(4).generation, h.end(4).genFlipped];
    });
    expect(flipped).toEqual([
      [1, 0],
      [1, 1],
    ]);
  });
});

describe('F-24 contexts that hardware saves and restores (H)', () => {
  const H_WORD = (W2_VALID | W2_HARDWARE | 3) >>> 0;
  function kept(more: object = {}) {
    const h = hardware({ generation: 2 });
    Object.assign(h.nvt(3), { valid: 1, saveRestore: 1, cppr: 0xff, ...more });
    h.setEnd(4, { nvtIndex: 3, priority: 6 });
    return h;
  }

  it('push takes CPPR and IPB out of the NVP, and says on which thread', () => {
    const h = kept({ ipb: 0x02, lsmfb: 5 });
    h.tima.pushOs(1, H_WORD);
    const { cppr, ipb, nsr, lsmfb } = h.os(1);
    expect([cppr, ipb, nsr, lsmfb]).toEqual([0xff, 0x02, 0x80, 5]);
    expect([h.nvt(3).cppr, h.nvt(3).ipb, h.nvt(3).checkedOut, h.nvt(3).thread]).toEqual([0, 0, 1, 1]);
  });

  it('pull puts CPPR, IPB and LSMFB back', () => {
    const h = kept();
    h.tima.pushOs(0, H_WORD);
    h.cppr(0, 4);
    h.router.notifyEnd(4, 1);
    expect(h.tima.pullOs(0)).toBe(H_WORD);
    expect([h.nvt(3).cppr, h.nvt(3).ipb, h.nvt(3).checkedOut]).toEqual([4, 0x02, 0]);
    h.tima.pushOs(1, H_WORD);
    expect([h.os(1).cppr, h.os(1).ipb, h.os(1).nsr]).toEqual([4, 0x02, 0]);
  });

  it('what another target left pending on the ring is not this one’s', () => {
    const h = kept();
    h.os(0).ipb = 0x80;
    h.tima.pushOs(0, H_WORD);
    expect([h.os(0).ipb, h.os(0).nsr]).toEqual([0, 0]);
  });

  it.each([
    ['without H in word 2', {}, (W2_VALID | 3) >>> 0],
    ['of an NVP that firmware keeps', { saveRestore: 0 }, H_WORD],
  ])('a context %s stays as it is', (_what, more, w2) => {
    const h = kept(more);
    h.cppr(0, 5);
    h.tima.pushOs(0, w2);
    expect([h.os(0).cppr, h.nvt(3).cppr, h.nvt(3).checkedOut]).toEqual([5, 0xff, 0]);
    h.tima.pullOs(0);
    expect(h.nvt(3).cppr).toBe(0xff);
  });

  it('a pull on a thread that has not checked it out saves nothing', () => {
    const h = kept();
    h.tima.pushOs(0, H_WORD);
    h.os(1).w2 = H_WORD;
    h.cppr(1, 2);
    h.tima.pullOs(1);
    expect([h.nvt(3).cppr, h.nvt(3).checkedOut]).toEqual([0, 1]);
  });

  it('an invalid NVP is not pushed', () => {
    const h = kept({ valid: 0, ipb: 2 });
    h.tima.pushOs(0, H_WORD);
    expect([h.os(0).ipb, h.nvt(3).ipb]).toEqual([0, 2]);
  });
});

it('V-30 QEMU’s pnv-xive2-test: irq 2 to the physical ring of thread 1, priority 5, data 0x600df00d', () => {
  const h = hardware({ generation: 2 });
  const own = threadCam(1);
  h.nvt(own).valid = 1;
  h.ring(1, RING.PHYS).w2 = W2_VALID;
  h.presenter.setCppr(1, RING.PHYS, 0xff);
  h.setEnd(5, { nvtIndex: own, priority: 5 });
  h.setEas(2, 5, 0x600df00d);
  h.source(2).storeEoi = 1;
  h.trigger(2);
  const phys = h.ring(1, RING.PHYS);
  expect([h.get(2), phys.nsr, phys.cppr]).toEqual([0b10, 0x80, 0xff]);
  expect(h.tima.load(1, TM_PAGE.HV, { offset: TM.ACK_HV_REG, size: 2 })).toBe(0x8005);
  expect(h.ram.load(queueAt(5) / 4096, 0) & 0x7fffffff).toBe(0x600df00d);
  h.storeEoi(2);
  h.presenter.setCppr(1, RING.PHYS, 0xff);
  expect([h.get(2), phys.nsr]).toEqual([0b00, 0]);
});
