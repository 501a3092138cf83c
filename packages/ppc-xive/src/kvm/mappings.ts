// The VMM's mappings of the device's file, and their page table entries. Linux: book3s_xive_native.c kvmppc_xive_native_mmap, mm/memory.c vmf_insert_pfn, unmap_mapping_range.

import { EINVAL, ENODEV, ENOMEM, VirqError } from '@virq/irq-core/errors';
import type { Context } from './context.ts';
import { DEVICE, NR_IRQS, VMA, type Vma } from './layout.ts';

/** Offsets in the device's file, in pages of 64 KiB (KVM_XIVE_TIMA_PAGE_OFFSET, KVM_XIVE_ESB_PAGE_OFFSET). */
export const FILE_PAGE = { TIMA: 0, ESB: 4 } as const;
/** Pages of the TIMA. */
export const TIMA_PAGES = 4;
/** Pages of the ESB window: two per source. */
export const ESB_PAGES = NR_IRQS * 2;
/** Where in the VMM's address space the windows are mapped when nothing is said, in pages of 64 KiB. */
export const WINDOW = { TIMA: 0x1000, ESB: 0x1000000 } as const;

/** File page of a source's trigger page; its management page is the next one. */
export const filePageOf = (irq: number): number => FILE_PAGE.ESB + irq * 2;

/** A range of pages. */
interface Pages {
  readonly start: number;
  readonly pages: number;
}

/** Mappings of one VM's VMM. Pages are virtual ones of 64 KiB unless said otherwise. */
export interface Mappings {
  /** mmap: -EINVAL at other file offsets than those of TIMA and ESB or beyond their size, -ENODEV without a XIVE device, -ENOMEM. */
  mmap(at: Pages, pgoff: number): number;
  /** munmap: mappings that it cuts are split. */
  munmap(range: Pages): number;
  /** mprotect of a part of a mapping: nothing but the split that it makes. -ENOMEM where nothing is mapped. */
  mprotect(range: Pages): number;
  /** The mapping that a page is in, null if none. */
  find(page: number): Vma | null;
  /** Mappings there are. */
  count(): number;
  /** Page frame (PFN) that a page leads to, 0 if it would fault. */
  pte(page: number): number;
  /** vmf_insert_pfn: an entry that is there already stays. */
  insert(page: number, pfn: number): void;
  /** unmap_mapping_range: pages of the file go from every mapping of the address_space. */
  zap(filePage: number, pages: number): void;
  /** The same in this VM's mappings alone. */
  zapOwn(filePage: number, pages: number): void;
  /** Every page table entry. */
  forEachPte(each: (page: number, pfn: number) => void): void;
}

const end = (v: Vma): number => v.start + v.pages;

/** Page table entries by hash of their page: deletion closes the gap, so that equal contents lie in equal places as far as insertion order allows. */
function createPageTable({
  state,
}: Context): Pick<Mappings, 'pte' | 'insert' | 'forEachPte'> & { remove(page: number): void } {
  const { ptes } = state;
  const mask = ptes.length - 1;
  const home = (key: number): number => Math.imul(key, 0x9e3779b1) & mask;

  function slotOf(page: number): number {
    let slot = home(page + 1);
    for (let probes = 0; probes <= mask; probes++) {
      const { key } = ptes.at(slot);
      if (key === 0 || key === page + 1) return slot;
      slot = (slot + 1) & mask;
    }
    throw new VirqError('VIRQ-P103', `the VMM has more than ${ptes.length} pages of the device mapped`, {
      hint: 'give the VM more sources: vm: { sources: N }',
    });
  }

  function remove(page: number): void {
    let gap = slotOf(page);
    if (ptes.at(gap).key === 0) return;
    for (let slot = (gap + 1) & mask; ptes.at(slot).key !== 0; slot = (slot + 1) & mask) {
      const { key, page: pfn } = ptes.at(slot);
      if (((slot - home(key)) & mask) < ((slot - gap) & mask)) continue;
      Object.assign(ptes.at(gap), { key, page: pfn });
      gap = slot;
    }
    Object.assign(ptes.at(gap), { key: 0, page: 0 });
  }

  return {
    remove,
    pte: (page) => ptes.at(slotOf(page)).page,
    insert(page, pfn) {
      const entry = ptes.at(slotOf(page));
      if (entry.key === 0) Object.assign(entry, { key: page + 1, page: pfn });
    },
    forEachPte(each) {
      for (let i = 0; i < ptes.length; i++) if (ptes.at(i).key !== 0) each(ptes.at(i).key - 1, ptes.at(i).page);
    },
  };
}

/** What a mapping at a file offset shows, VMA.NONE if it is refused. */
function kindAt(pgoff: number, pages: number): number {
  if (pgoff === FILE_PAGE.TIMA) return pages <= TIMA_PAGES ? VMA.TIMA : VMA.NONE;
  return pgoff === FILE_PAGE.ESB && pages <= ESB_PAGES ? VMA.ESB : VMA.NONE;
}

/** Creates the mappings over zeroed state. */
export function createMappings(ctx: Context): Mappings {
  const { state, options, host } = ctx;
  const { vmas } = state;
  const table = createPageTable(ctx);
  const isFree = (v: Vma): boolean => v.kind === VMA.NONE;

  function freeSlot(): Vma | null {
    for (let i = 0; i < vmas.length; i++) if (isFree(vmas.at(i))) return vmas.at(i);
    return null;
  }

  function count(): number {
    let n = 0;
    for (let i = 0; i < vmas.length; i++) if (!isFree(vmas.at(i))) n++;
    return n;
  }

  /** split_vma: the part from `at` on becomes a mapping of its own, with a file offset of its own. False without room. */
  function split(v: Vma, at: number): boolean {
    const tail = freeSlot();
    if (tail === null) return false;
    const { kind, device, start } = v;
    Object.assign(tail, { kind, device, start: at, pages: end(v) - at, pgoff: v.pgoff + (at - start) });
    v.pages = at - start;
    return true;
  }

  /** Splits so that the range begins and ends at borders: 0 or -ENOMEM. */
  function cut({ start, pages }: Pages): number {
    for (const border of [start, start + pages])
      for (let i = 0; i < vmas.length; i++) {
        const v = vmas.at(i);
        if (!isFree(v) && v.start < border && border < end(v) && !split(v, border)) return -ENOMEM;
      }
    return 0;
  }

  function removePages(v: Vma, first: number, last: number): void {
    const gone: number[] = [];
    table.forEachPte((page) => {
      if (page >= Math.max(first, v.start) && page < Math.min(last, end(v))) gone.push(page);
    });
    for (const page of gone) table.remove(page);
  }

  const mappings: Mappings = {
    ...table,
    count,
    mmap({ start, pages }, pgoff) {
      if (state.device !== DEVICE.XIVE) return -ENODEV;
      const kind = kindAt(pgoff, pages);
      if (kind === VMA.NONE) return -EINVAL;
      const v = freeSlot();
      if (v === null) return -ENOMEM;
      Object.assign(v, { kind, device: state.device, start, pages, pgoff });
      state.mapping = state.files;
      return 0;
    },
    munmap(range) {
      const failed = cut(range);
      if (failed !== 0) return failed;
      for (let i = 0; i < vmas.length; i++) {
        const v = vmas.at(i);
        if (isFree(v) || v.start < range.start || end(v) > range.start + range.pages) continue;
        removePages(v, v.start, end(v));
        Object.assign(v, { kind: VMA.NONE, device: 0, start: 0, pages: 0, pgoff: 0 });
      }
      return 0;
    },
    mprotect: (range) => (mappings.find(range.start) === null ? -ENOMEM : cut(range)),
    find(page) {
      for (let i = 0; i < vmas.length; i++) {
        const v = vmas.at(i);
        if (!isFree(v) && page >= v.start && page < end(v)) return v;
      }
      return null;
    },
    zapOwn(filePage, pages) {
      for (let i = 0; i < vmas.length; i++) {
        const v = vmas.at(i);
        if (!isFree(v)) removePages(v, v.start + filePage - v.pgoff, v.start + filePage - v.pgoff + pages);
      }
    },
    zap(filePage, pages) {
      if (options.addressSpace === 'shared') host.zapAll(filePage, pages);
      else mappings.zapOwn(filePage, pages);
    },
  };
  host.onZap(ctx.vm, mappings.zapOwn);
  return mappings;
}
