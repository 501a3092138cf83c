// Who holds an LPI: ITEs, caches, ap_lists, and whoever works on it; the last one frees it. Linux: vgic.c vgic_get_irq_ref, vgic_try_get_irq_ref, vgic_put_irq,
// vgic_release_lpi_locked; struct vgic_irq refcount and rcu.

import { columns, slotOf } from '@virq/irq-core/arena';
import { ERRNO } from '@virq/irq-core/errors';
import { assert } from '@virq/irq-core/protocol';
import { CONFIG, Irq, type IrqsState } from '../irq/layout.ts';
import type { LpiTable } from './lpi-table.ts';

/** References to LPIs, which go by their handles. */
export interface LpiRefs {
  /** Memory for an LPI that no table has yet, with the reference of its maker: handle, or -ENOMEM. `target` is 1 + vCPU, 0 for none. */
  make(intid: number, target: number): number;
  hold(lpi: number): void;
  /** vgic_try_get_irq_ref: false for an LPI that nobody holds any more. */
  tryHold(lpi: number): boolean;
  /** Drops a reference; the last one frees the LPI. */
  put(lpi: number): void;
  /** refcount_dec: true if that was the last reference. The table still has the LPI. */
  drop(lpi: number): boolean;
  /** kfree_rcu: the memory goes when nobody looks LPIs up without a lock. */
  release(lpi: number): void;
  /** rcu_read_lock and rcu_read_unlock around lookups that others can come between. */
  enterRcu(): void;
  leaveRcu(): void;
}

/** Creates them over zeroed state. */
export function createLpiRefs(irqs: IrqsState, table: LpiTable): LpiRefs {
  const { lpis } = irqs;
  const { refs } = columns(Irq, { length: lpis.length, at: (slot) => lpis.slot(slot) });

  /** Slot of an LPI that there is; a stale handle is reported. */
  function slot(lpi: number): number {
    if (!lpis.isLive(lpi)) lpis.at(lpi);
    return slotOf(lpi);
  }

  function drop(lpi: number): boolean {
    const at = slot(lpi);
    const held = refs.get(at);
    if (held === 0) assert(false, `refcount_t: underflow; use-after-free of LPI ${lpis.at(lpi).intid}`);
    refs.set(at, held - 1);
    return held === 1;
  }

  function release(lpi: number): void {
    if (irqs.rcuReaders === 0) lpis.free(lpi);
    else lpis.at(lpi).dead = 1;
  }

  return {
    make(intid, target) {
      const lpi = lpis.alloc();
      if (lpi === 0) return -ERRNO.ENOMEM;
      const irq = lpis.at(lpi);
      irq.intid = intid;
      irq.config = CONFIG.EDGE;
      irq.group = 1;
      irq.target = target;
      irq.refs = 1;
      return lpi;
    },
    hold(lpi) {
      const at = slot(lpi);
      const held = refs.get(at);
      if (held === 0) assert(false, `refcount_t: addition on 0; use-after-free of LPI ${lpis.at(lpi).intid}`);
      refs.set(at, held + 1);
    },
    tryHold(lpi) {
      const irq = lpis.at(lpi);
      if (irq.refs === 0) return false;
      irq.refs++;
      return true;
    },
    put(lpi) {
      if (!drop(lpi)) return;
      table.erase(lpis.at(lpi).intid);
      release(lpi);
    },
    drop,
    release,
    enterRcu() {
      irqs.rcuReaders++;
    },
    leaveRcu() {
      irqs.rcuReaders--;
      if (irqs.rcuReaders !== 0) return;
      for (let i = lpis.next(0); i >= 0; i = lpis.next(i + 1)) if (lpis.slot(i).dead === 1) lpis.free(lpis.handleOf(i));
    },
  };
}
