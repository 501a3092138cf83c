// OPAL calls on virtual processors. skiboot: hw/xive.c opal_xive_{alloc,free}_vp_block, opal_xive_{get,set}_vp_info, opal_xive_get_vp_state.

import { camOf } from '../hw/presenter.ts';
import { OPAL, VP_FLAG } from './codes.ts';
import { ENDS_PER_VP, HOST_VP, type OpalContext } from './context.ts';
import { VP_VIRTUAL, vpId } from './vp-id.ts';

/** OPAL calls on VPs. Return codes as in {@link OPAL}. */
export interface OpalVps {
  /** alloc_vp_block of 2^order VPs: the id of the first, or RESOURCE. */
  allocate(order: number): number;
  /** free_vp_block: FREE_ACTIVE while one of them is enabled. */
  free(base: number): number;
  /** set_vp_info with flags of {@link VP_FLAG}. */
  set(vp: number, flags: number): number;
  /** get_vp_info; null for PARAMETER. */
  info(vp: number): { readonly flags: number; readonly cam: number } | null;
  /** get_vp_state: bits 63:32 and 31:0; null for WRONG_STATE. P9: words 4 and 5 of the NVT. P10: CPPR, IPB and LSMFB. */
  state(vp: number): { readonly hi: number; readonly lo: number } | null;
}

/** Index of a VP in the NVT table, -1 if the id is none. */
export function nvtIndexOf(vp: number, nvts: number): number {
  if (vp === HOST_VP) return 0;
  const index = vp & 0xffffff;
  return (vp & VP_VIRTUAL) !== 0 && index > 0 && index < nvts ? index : -1;
}

/** Creates the calls. */
export function createOpalVps({ state, xive, isBusy }: OpalContext): OpalVps {
  const { nvts, ends, generation } = xive.state;
  const { vpBlocks } = state;

  /** First index of a free, aligned block; 0, the host's, is never free. */
  function findBlock(size: number): number {
    for (let base = size; base + size <= nvts.length; base += size) {
      let taken = false;
      for (let i = 0; i < vpBlocks.length; i++) {
        const b = vpBlocks.at(i);
        const count = b.order === 0 ? 0 : 2 ** (b.order - 1);
        if (base < b.base + count && b.base < base + size) taken = true;
      }
      if (!taken) return base;
    }
    return -1;
  }

  /** The gather END of a VP: silent, it escalates for all others. PARAMETER when it is a queue already. */
  function setSingleEscalation(index: number): number {
    const gather = ends.at(index * ENDS_PER_VP + 7);
    if (gather.valid === 1 && gather.silent === 0) return OPAL.PARAMETER;
    Object.assign(gather, { firmware: 1, valid: 1, silent: 1, escalate: 1, backlog: 1, esn: 1, ese: 0 });
    for (let priority = 0; priority < 7; priority++)
      Object.assign(ends.at(index * ENDS_PER_VP + priority), {
        escalate: 1,
        unconditional: 1,
        escBlock: 0,
        escIndex: index * ENDS_PER_VP + 7,
      });
    return OPAL.SUCCESS;
  }

  function clearVp(index: number): void {
    for (let priority = 0; priority < ENDS_PER_VP; priority++) {
      const end = ends.at(index * ENDS_PER_VP + priority);
      Object.assign(end, { valid: 0, silent: 0, unconditional: 0, escalate: 0, enqueue: 0, esn: 1, ese: 1 });
    }
    Object.assign(nvts.at(index), { valid: 0, ipb: 0, cppr: 0, lsmfb: 0, saveRestore: 0 });
  }

  return {
    allocate(order) {
      if (isBusy()) return OPAL.BUSY;
      const base = findBlock(2 ** order);
      if (base < 0) return OPAL.RESOURCE;
      for (let i = 0; i < vpBlocks.length; i++) {
        const b = vpBlocks.at(i);
        if (b.order !== 0) continue;
        b.base = base;
        b.order = order + 1;
        return vpId(order, base);
      }
      return OPAL.RESOURCE;
    },
    free(base) {
      const index = base & 0xffffff;
      for (let i = 0; i < vpBlocks.length; i++) {
        const b = vpBlocks.at(i);
        if (b.order === 0 || b.base !== index) continue;
        for (let n = 0; n < 2 ** (b.order - 1); n++) if (nvts.at(index + n).valid === 1) return OPAL.XIVE_FREE_ACTIVE;
        b.base = b.order = 0;
        return OPAL.SUCCESS;
      }
      return OPAL.PARAMETER;
    },
    set(vp, flags) {
      if (isBusy()) return OPAL.BUSY;
      const index = nvtIndexOf(vp, nvts.length);
      if (index < 0) return OPAL.PARAMETER;
      if ((flags & VP_FLAG.ENABLED) === 0) {
        clearVp(index);
        return OPAL.SUCCESS;
      }
      const nvt = nvts.at(index);
      nvt.valid = 1;
      nvt.endIndex = index * ENDS_PER_VP;
      nvt.saveRestore = (flags & VP_FLAG.SAVE_RESTORE) === 0 ? 0 : 1;
      return (flags & VP_FLAG.SINGLE_ESCALATION) === 0 ? OPAL.SUCCESS : setSingleEscalation(index);
    },
    info(vp) {
      const index = nvtIndexOf(vp, nvts.length);
      if (index < 0) return null;
      const nvt = nvts.at(index);
      const gather = ends.at(index * ENDS_PER_VP + 7);
      const flags =
        (nvt.valid === 1 ? VP_FLAG.ENABLED : 0) |
        (gather.valid === 1 && gather.silent === 1 ? VP_FLAG.SINGLE_ESCALATION : 0) |
        (nvt.saveRestore === 1 ? VP_FLAG.SAVE_RESTORE : 0);
      return { flags, cam: camOf(0, index, generation) };
    },
    state(vp) {
      const index = nvtIndexOf(vp, nvts.length);
      if (index < 0 || nvts.at(index).valid === 0) return null;
      const { cppr, ipb, lsmfb } = nvts.at(index);
      return generation === 2
        ? { hi: ((cppr << 16) | (ipb << 8) | lsmfb) >>> 0, lo: 0 }
        : { hi: (ipb << 8) >>> 0, lo: 0 };
    },
  };
}
