// The XIVE native device of a VM: its parts put together. Linux: arch/powerpc/kvm/book3s_xive_native.c.

import { esbFault, esbFaultCorrected, FAULT } from '../protocols/esb-fault.ts';
import { isLast, xiveMmap, xiveMprotect, xiveMunmapAndPut } from '../protocols/mmap.ts';
import { xiveRelease } from '../protocols/release.ts';
import type { Context } from './context.ts';
import type { DeviceOps } from './devices.ts';
import { PFN } from './layout.ts';
import { ESB_PAGES, FILE_PAGE, type Mappings, TIMA_PAGES, WINDOW } from './mappings.ts';
import { connectNative } from './native-connect.ts';
import { runForErrno, runPath } from './run-path.ts';
import type { KvmSources } from './sources.ts';

/** The VMM's access to a page: the frame it leads to, or the signal that it gets. */
export type Touch = number | 'SIGBUS' | 'SIGSEGV';

/** The native device, as far as it is not attributes. */
export interface Native {
  readonly ops: DeviceOps;
  /** mmap, munmap and mprotect by the VMM: 0 or negative errno. */
  mmap(start: number, pages: number, pgoff: number): number;
  munmap(start: number, pages: number): number;
  mprotect(start: number, pages: number): number;
  /** Both windows where the VMM has them when nothing else is said. */
  mapWindows(): void;
  /** An access to a virtual page; a fault is served first. */
  touch(page: number): Touch;
}

/** Creates the device. */
export function createNative(ctx: Context, sources: KvmSources, mappings: Mappings): Native {
  const fault = ctx.options.esbMapping === 'corrected' ? esbFaultCorrected : esbFault;

  return {
    ops: {
      connect: (vcpu, server) => connectNative(ctx, vcpu, server),
      closed() {
        if (isLast({ context: ctx, mappings, sources })) runForErrno(ctx, xiveRelease);
      },
    },
    mmap: (start, pages, pgoff) => runForErrno(ctx, xiveMmap, { start, pages, pgoff }),
    munmap: (start, pages) => runForErrno(ctx, xiveMunmapAndPut, { start, pages, pgoff: 0 }),
    mprotect: (start, pages) => runForErrno(ctx, xiveMprotect, { start, pages, pgoff: 0 }),
    mapWindows() {
      mappings.mmap({ start: WINDOW.TIMA, pages: TIMA_PAGES }, FILE_PAGE.TIMA);
      mappings.mmap({ start: WINDOW.ESB, pages: ESB_PAGES }, FILE_PAGE.ESB);
    },
    touch(page) {
      const known = mappings.pte(page);
      if (known !== PFN.NONE) return known;
      const result = runPath<{ result: number }, number>(ctx, fault, { page }, (f) => f.result);
      if (result === FAULT.NOPAGE) return mappings.pte(page);
      return result === FAULT.SIGBUS ? 'SIGBUS' : 'SIGSEGV';
    },
  };
}
