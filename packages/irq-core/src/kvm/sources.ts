// irq source ids: who drives a pin. The level of a pin is the OR over its sources. Linux: arch/x86/kvm/irq_comm.c (≤ 6.16), irq.h.

import { EFAULT } from '../errors.ts';
import type { KvmState } from './layout.ts';

/** Source ids with a fixed meaning. Kernels ≤ 6.16 hand out 2 and up from a bitmap. */
export const SOURCE = { USERSPACE: 0, RESAMPLER: 1, PIT: 2 } as const;

/** kvm_request_irq_source_id (≤ 6.16): lowest free id below 64, -EFAULT when none is left. */
export function requestIrqSourceId(state: KvmState): number {
  if (state.sources.isEmpty()) for (const id of [SOURCE.USERSPACE, SOURCE.RESAMPLER]) state.sources.add(id);
  for (let id = 0; id < 64; id++) {
    if (state.sources.has(id)) continue;
    state.sources.add(id);
    return id;
  }
  return -EFAULT;
}

/** kvm_free_irq_source_id: the id's bit leaves every pin, but no pin is evaluated again. */
export function freeIrqSourceId(state: KvmState, id: number, clearSource: (id: number) => void): void {
  state.sources.delete(id);
  clearSource(id);
}
