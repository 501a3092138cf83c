// The VMM's mappings of the native device's file: what can be mapped, what a touch finds, what a zap takes away. Linux: book3s_xive_native.c kvmppc_xive_native_mmap, xive_native_esb_fault.

import { describe, expect, it } from 'vitest';
import { openPower, openRouted, type PowerVm } from '../__fixtures__/power-vm.ts';
import { PFN, VMA } from './layout.ts';
import { filePageOf, WINDOW } from './mappings.ts';

const [EINVAL, ENODEV, ENOMEM] = [22, 19, 12];
const IRQ = 0x20;
const PAGE = WINDOW.ESB + 2 * IRQ;

const touch = (t: PowerVm, page: number) => t.op('touch', { page }).out;
const pass = (t: PowerVm): void => {
  expect(t.ret('vfio_msix', { device: 'nic', name: 'v' })).toBe(0);
  expect(t.ret('irqfd', { name: 'v', gsi: IRQ })).toBe(0);
};

describe('mmap', () => {
  it.each([
    ['TIMA, 4 pages', 0, 4, 0],
    ['TIMA, 5 pages', 0, 5, -EINVAL],
    ['ESB of 0x2000 sources, 1 GiB', 4, 2 * 0x2000, 0],
    ['ESB, all', 4, 0x200000, 0],
    ['ESB, one page more', 4, 0x200001, -EINVAL],
    ['from page 2', 2, 1, -EINVAL],
    ['from the middle of the ESB window', 5, 1, -EINVAL],
  ])('V-41 F-39: %s', (_name, pgoff, pages, ret) => {
    expect(openPower({ vm: { mmap: false } }).ret('mmap', { page: 0x100, pages, pgoff })).toBe(ret);
  });

  it('F-39: only of a XIVE device', () => {
    expect(openPower({ vm: { dev: 'none' } }).ret('mmap', { pages: 4, pgoff: 0 })).toBe(-ENODEV);
    expect(openPower({ vm: { dev: 'xics' } }).ret('mmap', { pages: 4, pgoff: 0 })).toBe(-ENODEV);
  });

  it('F-39: nothing is mapped: the VMM gets SIGSEGV', () => {
    expect(openPower({ vm: { mmap: false } }).op('touch', { page: PAGE })).toEqual({
      ret: -14,
      out: { signal: 'SIGSEGV' },
    });
  });
});

describe('faults', () => {
  it('V-42 F-40: of the TIMA only the OS page', () => {
    const t = openPower();
    expect([0, 1, 2, 3].map((page) => touch(t, WINDOW.TIMA + page))).toEqual([
      { signal: 'SIGBUS' },
      { signal: 'SIGBUS' },
      { page: 'TIMA OS' },
      { signal: 'SIGBUS' },
    ]);
  });

  it('V-43 F-40: even pages are for triggers, odd ones for management; a zap takes both', () => {
    expect(filePageOf(0x1300) * 0x10000).toBe(0x26040000);
    const t = openRouted();
    const number = (t.source(IRQ).ipi + 15).toString(16);
    expect([0, 1].map((p) => touch(t, PAGE + p))).toEqual([
      { page: `ESB 0x${number} trigger` },
      { page: `ESB 0x${number} management` },
    ]);
    t.chip.mappings.zap(filePageOf(IRQ), 2);
    expect([0, 1].map((p) => t.chip.mappings.pte(PAGE + p))).toEqual([PFN.NONE, PFN.NONE]);
  });

  it('V-44 F-40: SIGBUS for a source of no block, and for one that was never made', () => {
    const t = openRouted();
    t.events();
    expect([0x9000, IRQ + 1].map((irq) => touch(t, WINDOW.ESB + 2 * irq))).toEqual([
      { signal: 'SIGBUS' },
      { signal: 'SIGBUS' },
    ]);
    expect(t.events()).toEqual(['xive_sigbus', 'xive_sigbus']);
    expect(t.op('esb', { n: IRQ + 1, cmd: 'get' })).toEqual({ ret: -14, out: { signal: 'SIGBUS' } });
  });

  it('F-40: a passed-through message has one page for both, and it is that of the device', () => {
    const t = openRouted();
    pass(t);
    expect([0, 1].map((p) => touch(t, PAGE + p))).toEqual([
      { page: 'ESB 0x10 management' },
      { page: 'ESB 0x10 management' },
    ]);
    t.esb(IRQ, 'set_pq_00');
    t.esb(IRQ, 'trigger');
    expect([t.device().pq, t.ipi(IRQ).pq]).toEqual([2, 1]);
  });

  it('F-41: a page that is there stays until it is zapped', () => {
    const t = openRouted();
    touch(t, PAGE);
    const { pte, insert } = t.chip.mappings;
    const before = pte(PAGE);
    insert(PAGE, PFN.TIMA_OS);
    expect(pte(PAGE)).toBe(before);
  });

  it('F-41: many pages come and go in any order', () => {
    const t = openPower({ vm: { sources: 32 } });
    for (let irq = 0; irq < 32; irq++) t.op('source', { n: irq });
    const pages = Array.from({ length: 64 }, (_, i) => WINDOW.ESB + i);
    for (const page of pages) touch(t, page);
    const all = pages.map((page) => t.chip.mappings.pte(page));
    expect(new Set(all).size).toBe(64);
    for (const irq of [7, 0, 31, 15, 8, 9]) t.chip.mappings.zap(filePageOf(irq), 2);
    const gone = new Set([7, 0, 31, 15, 8, 9]);
    expect(pages.map((page) => t.chip.mappings.pte(page))).toEqual(all.map((pfn, i) => (gone.has(i >> 1) ? 0 : pfn)));
  });
});

describe('munmap and mprotect', () => {
  it('F-39: cutting a mapping in its middle makes two', () => {
    const t = openRouted();
    expect(t.ret('munmap', { page: PAGE, pages: 2 })).toBe(0);
    expect([touch(t, PAGE), t.chip.mappings.count()]).toEqual([{ signal: 'SIGSEGV' }, 3]);
    expect(t.chip.mappings.find(PAGE + 2)).toMatchObject({
      kind: VMA.ESB,
      start: PAGE + 2,
      pgoff: filePageOf(IRQ) + 2,
    });
  });

  it('F-40: after a split the handler counts from the beginning of the tail: pages of other sources (D-3)', () => {
    const t = openRouted();
    t.op('source', { n: 0 });
    expect(t.ret('mprotect', { page: PAGE, pages: 2 })).toBe(0);
    const wrong = (t.source(0).ipi + 15).toString(16);
    expect(touch(t, PAGE)).toEqual({ page: `ESB 0x${wrong} trigger` });
    t.chip.mappings.zap(filePageOf(0), 2);
    expect(t.chip.mappings.pte(PAGE)).not.toBe(PFN.NONE);
    t.chip.mappings.zap(filePageOf(IRQ), 2);
    expect(t.chip.mappings.pte(PAGE)).toBe(PFN.NONE);
  });

  it('F-40: the corrected handler counts in the file', () => {
    const t = openRouted(IRQ, { vm: { esb_mapping: 'corrected' } });
    t.op('mprotect', { page: PAGE, pages: 2 });
    const right = (t.source(IRQ).ipi + 15).toString(16);
    expect([touch(t, PAGE), touch(t, WINDOW.TIMA + 2)]).toEqual([
      { page: `ESB 0x${right} trigger` },
      { page: 'TIMA OS' },
    ]);
  });

  it('F-39: mprotect keeps the pages; where nothing is mapped it is ENOMEM', () => {
    const t = openRouted();
    touch(t, PAGE);
    t.op('mprotect', { page: PAGE, pages: 2 });
    expect([t.chip.mappings.pte(PAGE) !== PFN.NONE, t.ret('mprotect', { page: 1, pages: 1 })]).toEqual([true, -ENOMEM]);
  });

  it('F-39: more mappings than there is room for', () => {
    const t = openRouted();
    const rets = Array.from({ length: 5 }, (_, i) => t.ret('mprotect', { page: PAGE + 8 * i, pages: 2 }));
    expect(rets).toEqual([0, 0, 0, -ENOMEM, -ENOMEM]);
  });
});

describe('whose pages a zap takes', () => {
  const open = (address_space: string): PowerVm => {
    const t = openPower({ vm: { address_space }, other: { address_space } });
    for (const vm of [1, 0]) {
      t.session.vm = t.session.machine.vms[vm]!;
      t.op('source', { n: IRQ });
      t.op('touch', { page: PAGE });
    }
    return t;
  };
  const other = (t: PowerVm): number => (t.session.machine.vms[1]!.chip as PowerVm['chip']).mappings.pte(PAGE);

  it.each([
    ['file', true],
    ['shared', false],
  ])('F-42: address_space %s: another VM keeps its page: %s', (space, keeps) => {
    const t = open(space);
    pass(t);
    expect([t.chip.mappings.pte(PAGE), other(t) !== PFN.NONE]).toEqual([PFN.NONE, keeps]);
  });
});

describe('the end', () => {
  it('F-47: the device lives as long as something of it is mapped', () => {
    const t = openRouted();
    expect([t.ret('close'), t.chip.state.kvm.device, t.ret('create_device')]).toEqual([0, 1, -17]);
    t.op('munmap', { page: WINDOW.TIMA, pages: 4 });
    expect([t.chip.state.kvm.device, t.esb(IRQ, 'get')]).toEqual([1, 1]);
    t.op('munmap', { page: WINDOW.ESB, pages: 0x200000 });
    expect([t.chip.state.kvm.device, t.chip.state.kvm.mapping, t.ret('create_device')]).toEqual([0, 0, 0]);
  });
});
