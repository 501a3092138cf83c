// OPAL calls on virtual processors. skiboot: hw/xive.c opal_xive_{alloc,free}_vp_block, opal_xive_{get,set}_vp_info, opal_xive_get_vp_state.

import { camOf } from '../hw/presenter.ts';
import { GATHER_PRIORITY, OPAL, VP_FLAG } from './codes.ts';
import { ENDS_PER_VP, HOST_VP, type OpalContext } from './context.ts';
import { END_FLAGS, wipeEnd } from './queue.ts';
import { decodeVp, vpId } from './vp-id.ts';

/** Bit 1 of word 2: hardware saves and restores the context (TM10_QW1W2_HO). */
export const W2_HO = 0x40000000;

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

/** log2 of the chips in use: the model has one. */
const CHIPS = 0;

/** Index of a VP in the NVT table, -1 if the id is none. */
export function nvtIndexOf(vp: number, nvts: number): number {
  if (vp === HOST_VP) return 0;
  const index = decodeVp(vp, CHIPS)?.index ?? 0;
  return index > 0 && index < nvts ? index : -1;
}

/** Creates the calls. */
export function createOpalVps({ state, xive, isBusy }: OpalContext): OpalVps {
  const { nvts, ends, generation } = xive.state;
  const { vpBlocks } = state;
  /** xive_cfg_save_restore: hardware saves and restores contexts. */
  const savesContext = generation === 2;

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
    const gather = ends.at(index * ENDS_PER_VP + GATHER_PRIORITY);
    if (gather.valid === 1 && gather.silent === 0) return OPAL.PARAMETER;
    const { firmware } = gather;
    for (const key of END_FLAGS) gather[key] = 0;
    Object.assign(gather, { firmware, valid: 1, silent: 1, escalate: 1, backlog: 1, esn: 1, ese: 0 });
    for (let priority = 0; priority < GATHER_PRIORITY; priority++)
      Object.assign(ends.at(index * ENDS_PER_VP + priority), {
        unconditional: 1,
        escBlock: 0,
        escIndex: index * ENDS_PER_VP + GATHER_PRIORITY,
      });
    return OPAL.SUCCESS;
  }

  /** Ends it: queues go on enqueueing, but nothing escalates any more. */
  function clearSingleEscalation(index: number): void {
    const gather = ends.at(index * ENDS_PER_VP + GATHER_PRIORITY);
    if (gather.silent === 1) wipeEnd(gather);
    for (let priority = 0; priority < GATHER_PRIORITY; priority++) {
      const end = ends.at(index * ENDS_PER_VP + priority);
      if (end.unconditional === 1) end.unconditional = end.escalate = 0;
    }
  }

  function disable(index: number): void {
    clearSingleEscalation(index);
    Object.assign(nvts.at(index), { valid: 0, ipb: 0, cppr: 0, lsmfb: 0, saveRestore: 0 });
  }

  function enable(index: number): void {
    const nvt = nvts.at(index);
    nvt.valid = 1;
    nvt.endIndex = index * ENDS_PER_VP;
    nvt.saveRestore = savesContext ? 1 : 0;
    if (savesContext) nvt.cppr = 0xff;
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
        disable(index);
        return OPAL.SUCCESS;
      }
      if ((flags & VP_FLAG.SAVE_RESTORE) !== 0 && !savesContext) return OPAL.PARAMETER;
      if ((flags & VP_FLAG.SINGLE_ESCALATION) === 0) clearSingleEscalation(index);
      else if (setSingleEscalation(index) !== OPAL.SUCCESS) return OPAL.PARAMETER;
      enable(index);
      return OPAL.SUCCESS;
    },
    info(vp) {
      const index = nvtIndexOf(vp, nvts.length);
      if (index < 0) return null;
      const nvt = nvts.at(index);
      const gather = ends.at(index * ENDS_PER_VP + GATHER_PRIORITY);
      const flags =
        (nvt.valid === 1 ? VP_FLAG.ENABLED : 0) |
        (gather.valid === 1 && gather.silent === 1 ? VP_FLAG.SINGLE_ESCALATION : 0) |
        (savesContext ? VP_FLAG.SAVE_RESTORE : 0);
      return { flags, cam: camOf(0, index, generation) + (savesContext ? W2_HO : 0) };
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
