// Words for the VMM's mappings of the device's file, and for accesses through them.

import type { VmOptions } from '@virq/irq-core/backend';
import { EFAULT } from '@virq/irq-core/errors';
import type { ArgSpec, Args, Operation, OperationPath, OpResult } from '@virq/irq-core/machine';
import type { PowerChip } from '../chip.ts';
import { ESB } from '../hw/esb.ts';
import { PFN } from '../kvm/layout.ts';
import { FILE_PAGE, filePageOf, WINDOW } from '../kvm/mappings.ts';
import { esbAccess, esbAccessCorrected } from '../protocols/esb-access.ts';
import { esbFault, esbFaultCorrected } from '../protocols/esb-fault.ts';
import { xiveMmap, xiveMprotect, xiveMunmapAndPut } from '../protocols/mmap.ts';
import { hex, int, n } from './args.ts';

/** What an access to a source's pages is: page (0 trigger, 1 management), offset, load or store. */
interface EsbAccess {
  readonly page: 0 | 1;
  readonly offset: number;
  readonly store: boolean;
}

const load = (offset: number): EsbAccess => ({ page: 1, offset, store: false });

/** Accesses by name. */
const ESB_CMDS: Readonly<Record<string, EsbAccess>> = {
  get: load(ESB.GET),
  trigger: { page: 0, offset: 0, store: true },
  eoi: load(ESB.LOAD_EOI),
  store_eoi: { page: 1, offset: ESB.STORE_EOI, store: true },
  set_pq_00: load(ESB.SET_PQ_00),
  set_pq_01: load(ESB.SET_PQ_01),
  set_pq_10: load(ESB.SET_PQ_10),
  set_pq_11: load(ESB.SET_PQ_11),
};

const describePfn = (c: PowerChip, pfn: number): string =>
  pfn === PFN.TIMA_OS
    ? 'TIMA OS'
    : `ESB ${hex(c.host.opal.irqs.numberOf(PFN.sourceOf(pfn)))} ${PFN.pageOf(pfn) === 0 ? 'trigger' : 'management'}`;

/** An access that gets a signal instead. */
const killed = (signal: string): OpResult => ({ ret: -EFAULT, out: { signal } });

/** An access at offset 0 to 0xfff of a source's page, through whatever the page table has there. */
function access(c: PowerChip, page: number, { offset, store }: EsbAccess): OpResult {
  const pfn = c.native.touch(page);
  if (typeof pfn === 'string') return killed(pfn);
  const { sources } = c.host.xive;
  if (store) {
    sources.store(PFN.sourceOf(pfn), PFN.pageOf(pfn), offset);
    return { ret: 0 };
  }
  const got = sources.load(PFN.sourceOf(pfn), PFN.pageOf(pfn), offset);
  return { ret: 0, out: { value: got < 0 ? '0xffffffffffffffff' : hex(got) } };
}

const range: Readonly<Record<string, ArgSpec>> = {
  page: int('first virtual page, in units of 64 KiB'),
  pages: int('number of pages', { min: 1 }),
};

/** Virtual page of an ESB page, by the first mapping of the window. */
const esbPage = (args: Args, page: number): number => WINDOW.ESB + filePageOf(n(args, 'n')) - FILE_PAGE.ESB + page;

/** A path with its locals. */
const pathOf = (protocol: object, locals: Readonly<Record<string, number>>): OperationPath<PowerChip> => ({
  protocol: protocol as never,
  begin: (c) => ({ vm: c.context.vm, ...locals }),
});

const rangeOf = (args: Args) => ({ start: n(args, 'page'), pages: n(args, 'pages') });
const isCorrected = (options: VmOptions): boolean => options['esb_mapping'] === 'corrected';

/** Operations on mappings. */
export const MEMORY_OPERATIONS: Readonly<Record<string, Operation<PowerChip>>> = {
  esb: {
    summary: 'the guest accesses the pages of a source, through what is mapped for it at that moment',
    args: {
      n: int('guest source number (LISN)', { max: 0xfffff }),
      cmd: { type: 'enum', values: Object.keys(ESB_CMDS), doc: 'load or store by its effect' },
    },
    run(c, args) {
      const cmd = ESB_CMDS[args['cmd'] as string] as EsbAccess;
      return access(c, esbPage(args, cmd.page), cmd);
    },
    path(args, options) {
      const { page, offset, store } = ESB_CMDS[args['cmd'] as string] as EsbAccess;
      const locals = { page: esbPage(args, page), at: offset, store: store ? 1 : 0 };
      return pathOf(isCorrected(options) ? esbAccessCorrected : esbAccess, locals);
    },
  },
  mmap: {
    summary: "mmap(2) of the device's file: TIMA at page 0, ESB pages from page 4 on",
    args: {
      page: int('where, in virtual pages of 64 KiB', { default: WINDOW.ESB }),
      pages: int('number of pages', { min: 1 }),
      pgoff: int('page of the file'),
    },
    run: (c, args) => ({ ret: c.native.mmap(n(args, 'page'), n(args, 'pages'), n(args, 'pgoff')) }),
    path: (args) => pathOf(xiveMmap, { ...rangeOf(args), pgoff: n(args, 'pgoff') }),
  },
  munmap: {
    summary: 'munmap(2): mappings that it cuts are split',
    args: range,
    run: (c, args) => ({ ret: c.native.munmap(n(args, 'page'), n(args, 'pages')) }),
    path: (args) => pathOf(xiveMunmapAndPut, rangeOf(args)),
  },
  mprotect: {
    summary: 'mprotect(2) of a part of a mapping, which splits it',
    args: range,
    run: (c, args) => ({ ret: c.native.mprotect(n(args, 'page'), n(args, 'pages')) }),
    path: (args) => pathOf(xiveMprotect, rangeOf(args)),
  },
  touch: {
    summary: 'the VMM touches a virtual page: what it leads to, or the signal that it gets',
    args: { page: int('virtual page') },
    run(c, args) {
      const pfn = c.native.touch(n(args, 'page'));
      return typeof pfn === 'string' ? killed(pfn) : { ret: 0, out: { page: describePfn(c, pfn) } };
    },
    path(args, options) {
      const page = n(args, 'page');
      const fault = pathOf(isCorrected(options) ? esbFaultCorrected : esbFault, { page });
      return { ...fault, begin: (c) => (c.mappings.pte(page) === PFN.NONE ? fault.begin(c) : 0) };
    },
  },
};
