// KVM's sources of one VM: where they lie, which hardware source is behind them, and what is done to it. Linux: book3s_xive.c, book3s_xive.h.

import { ENXIO, VirqError } from '@virq/irq-core/errors';
import { sourceEoi } from '../host/power-host.ts';
import { ESB, ESB_PAGE } from '../hw/esb.ts';
import type { Source } from '../hw/layout.ts';
import { OPAL } from '../opal/codes.ts';
import { untilDone } from '../opal/until-done.ts';
import type { Context } from './context.ts';
import { BLOCK_SOURCES, IrqState, NR_IRQS } from './layout.ts';
import { MASKED } from './priority.ts';

/** Sources of one VM. Guest source numbers are those of the guest, 0 to NR_IRQS - 1. */
export interface KvmSources {
  /** kvmppc_xive_find_source: the source's state, null if its block does not exist. A source of a block that is there, but was never made, is all zero but masked. */
  find(irq: number): IrqState | null;
  /** kvmppc_xive_create_src_block, and the state of the source in it. */
  create(irq: number): IrqState;
  /** Calls `each` for every valid source, in the order of their numbers. */
  forEach(each: (state: IrqState, irq: number) => void): void;
  /** The device is gone: no block is left. */
  clear(): void;
  /** Number of a source. */
  numberOf(state: IrqState): number;
  /** kvmppc_xive_select_irq: index of the hardware source behind it now; -1 while it has none. */
  select(state: IrqState): number;
  /** OPAL's number of the hardware source. */
  hwNumber(state: IrqState): number;
  hw(state: IrqState): Source;
  /** xive_vm_esb_load on the hardware source. */
  load(state: IrqState, offset: number): number;
  /** xive_vm_source_eoi. */
  eoi(state: IrqState): void;
  /** xive_native_configure_irq of the hardware source: 0 or -ENXIO (BUSY is retried). */
  configure(state: IrqState, vp: number, priority: number, data: number): number;
  /** Triggers the IPI of a source, whatever is behind it. */
  triggerIpi(state: IrqState): void;
  /** Whether nothing of a source is on its way any more (xive_native_sync_source; the kernel waits inside OPAL). */
  isSynced(state: IrqState): boolean;
  /** PQ := 10, so that what comes from now on stays in Q; what it was is kept in `oldP` and `oldQ` (xive_lock_and_mask). */
  stop(state: IrqState): void;
  /** Events of before the stop join those of meanwhile (xive_finish_unmask, first half). */
  restoreQ(state: IrqState): void;
  /** Unless an EOI of the guest is still to come, the source goes on, and sends what Q has kept (second half). */
  start(state: IrqState): void;
  /** xive_finish_unmask. */
  unmask(state: IrqState, priority: number): void;
}

/** A slot of no source. */
const EMPTY = Object.fromEntries(Object.keys(IrqState.fields).map((field) => [field, 0]));

/** Brings a slot to what a new block has in it. */
function init(s: IrqState, irq: number): void {
  s.key = irq + 1;
  s.guestPriority = s.savedPriority = s.actPriority = MASKED;
}

/** Creates the sources over zeroed state. */
export function createSources({ state, host }: Context): KvmSources {
  const { sources, blocks } = state;
  const { xive, opal } = host;
  const mask = sources.length - 1;

  function slotOf(irq: number): IrqState | null {
    const key = irq + 1;
    let slot = Math.imul(key, 0x9e3779b1) & mask;
    for (let probes = 0; probes <= mask; probes++) {
      const s = sources.at(slot);
      if (s.key === key || s.key === 0) return s;
      slot = (slot + 1) & mask;
    }
    return null;
  }

  function place(irq: number): IrqState {
    const s = slotOf(irq);
    if (s === null)
      throw new VirqError('VIRQ-P102', `the VM uses more than ${sources.length} interrupt sources`, {
        hint: 'give it more: vm: { sources: N }',
      });
    if (s.key === 0) init(s, irq);
    return s;
  }

  const blockOf = (irq: number): number => Math.floor(irq / BLOCK_SOURCES);

  const api: KvmSources = {
    find: (irq) => (irq >= 0 && irq < NR_IRQS && blocks.has(blockOf(irq)) ? place(irq) : null),
    create(irq) {
      const block = blockOf(irq);
      blocks.add(block);
      if (block > state.maxSbid) state.maxSbid = block;
      return place(irq);
    },
    forEach(each) {
      const numbers: number[] = [];
      for (let i = 0; i < sources.length; i++) {
        const s = sources.at(i);
        if (s.key !== 0 && s.valid === 1) numbers.push(s.key - 1);
      }
      for (const irq of numbers.sort((a, b) => a - b)) each(place(irq), irq);
    },
    clear() {
      blocks.clear();
      state.maxSbid = 0;
      for (let i = 0; i < sources.length; i++) Object.assign(sources.at(i), EMPTY);
    },
    numberOf: (s) => s.key - 1,
    select: (s) => (s.ptNumber === 0 ? s.ipi : s.ptData) - 1,
    hwNumber: (s) => (s.ptNumber === 0 ? opal.irqs.numberOf(s.ipi - 1) : s.ptNumber),
    hw: (s) => xive.sources.at(api.select(s)),
    load: (s, offset) => xive.sources.load(api.select(s), ESB_PAGE.MANAGEMENT, offset),
    eoi: (s) => sourceEoi(xive, api.select(s)),
    configure(s, vp, priority, data) {
      const rc = untilDone(() => opal.irqs.configure(api.hwNumber(s), { vp, priority, lirq: data }));
      return rc === OPAL.SUCCESS ? 0 : -ENXIO;
    },
    triggerIpi: (s) => xive.sources.trigger(s.ipi - 1),
    isSynced: (s) => opal.irqs.sync(api.hwNumber(s)) !== OPAL.BUSY,
    stop(s) {
      const pq = api.load(s, ESB.SET_PQ_10);
      s.oldP = (pq >>> 1) & 1;
      s.oldQ = pq & 1;
    },
    restoreQ(s) {
      if (s.oldQ === 1) api.load(s, ESB.SET_PQ_11);
    },
    start(s) {
      if (s.oldP === 0) api.eoi(s);
    },
    unmask(s, priority) {
      if (s.guestPriority === MASKED) {
        api.restoreQ(s);
        api.start(s);
      }
      s.guestPriority = priority;
    },
  };
  return api;
}
