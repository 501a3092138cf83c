// LPIs of a VM: made by the first ITE that names them, gone with their last reference; configuration and pending bits in guest memory. Linux: vgic-its.c vgic_add_lpi,
// update_lpi_config, vgic-v3.c vgic_v3_lpi_sync_pending_status, vgic_v3_save_pending_tables.

import { ERRNO } from '@virq/irq-core/errors';
import { assert } from '@virq/irq-core/protocol';
import { CONFIG, type Irq, type IrqsState } from '../irq/layout.ts';
import type { Ram } from '../memory/ram.ts';
import { type LpiForwarding, NO_FORWARDING } from './forwarding.ts';
import { createLpiMemory, type LpiMemory } from './lpi-memory.ts';
import { createLpiTable, type LpiTable } from './lpi-table.ts';

/** What the redistributors know of LPIs. vCPUs are indices. */
export interface Redistributors {
  readonly vcpus: number;
  /** Index of the vCPU with an id, -1 for none. */
  indexOf(id: number): number;
  /** INTID bits of GICR_PROPBASER, IDbits + 1. */
  idBits(): number;
  /** Address of the configuration table, GICR_PROPBASER[51:12]. */
  configTable(): number;
  /** Address of a vCPU's pending table, GICR_PENDBASER[51:16]. */
  pendingTable(vcpu: number): number;
  /** GICR_CTLR.EnableLPIs. */
  enabled(vcpu: number): boolean;
}

/** What LPIs stand on. `queue` is vgic_queue_irq_unlock for the LPI of a handle. */
export interface LpiHost {
  readonly irqs: IrqsState;
  readonly ram: Ram;
  readonly redistributors: Redistributors;
  readonly forwarding?: LpiForwarding;
  queue(lpi: number): void;
}

/** LPIs by handle. */
export interface Lpis {
  readonly forwarding: LpiForwarding;
  at(lpi: number): Irq;
  /** LPIs by INTID. */
  readonly table: LpiTable;
  /** Handle of a mapped LPI, no reference taken; 0 for none. */
  find(intid: number): number;
  /** Memory for an LPI that no table has yet, with the reference of its maker: handle, or -ENOMEM. */
  make(intid: number, target: number): number;
  /** Handle with a reference of the caller, or -errno: -EFAULT for unreadable tables, -ENOMEM. `target` is 1 + vCPU, 0 for none; an existing LPI keeps its own. */
  add(intid: number, target: number): number;
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
  /** Takes over a configuration byte; whoever can be concerned is not told. */
  takeConfig(lpi: number, byte: number): void;
  /** The tables in memory. */
  readonly memory: LpiMemory;
  /** Makes it pending in software and queues it, also if it is forwarded (Linux: a cached translation does not ask). */
  trigger(lpi: number): void;
  /** INT and a translated MSI: pending in hardware if it is forwarded. 0 or -errno. */
  raise(lpi: number): number;
  /** CLEAR, without the lock of the interrupt. 0 or -errno. */
  clear(lpi: number): number;
  /** update_affinity: `target` is 1 + vCPU. */
  retarget(lpi: number, target: number): void;
  /** Reads the configuration byte again: 0 or -EFAULT. */
  configure(lpi: number): number;
  /** INVALL: configuration of all LPIs of a target, 0 or -EFAULT. */
  configureAll(target: number): number;
  /** MOVALL; `from` 0 stands for all LPIs that there are. */
  moveAll(from: number, to: number): void;
  /** EnableLPIs 0→1 with PTZ=0: pending state of all LPIs of a target from its table, 0 or -EFAULT. */
  loadPending(target: number): number;
  /** KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES: 0 or -EFAULT. Bytes that stay are not written. */
  savePending(): number;
}

/** Linux: only GICv4.1 says what is pending in hardware. */
const isPending = (irq: Irq, forwarding: LpiForwarding): boolean =>
  irq.hw === 1 && forwarding.isSavable ? forwarding.isPending(irq) : irq.pendingLatch === 1;

/** Pending bits of all LPIs go to memory until one cannot. */
function saveAll(
  lpis: IrqsState['lpis'],
  table: LpiTable,
  { memory, forwarding }: { readonly memory: LpiMemory; readonly forwarding: LpiForwarding },
): number {
  for (let place = 0; place < table.count; place++) {
    const irq = lpis.at(table.at(place));
    const error = memory.savePending(irq, isPending(irq, forwarding));
    if (error !== 0) return error;
  }
  return 0;
}

/** Creates LPIs over zeroed state. */
export function createLpis({ irqs, ram, redistributors, queue, forwarding = NO_FORWARDING }: LpiHost): Lpis {
  const { lpis } = irqs;
  const table = createLpiTable(irqs.lpiTable);

  const memory = createLpiMemory(ram, redistributors);

  function takeConfig(lpi: number, byte: number): void {
    const irq = lpis.at(lpi);
    irq.priority = byte & 0xfc;
    irq.enabled = byte & 1;
  }

  function configure(lpi: number): number {
    const irq = lpis.at(lpi);
    const byte = memory.configByte(irq.intid);
    if (byte < 0) return byte;
    takeConfig(lpi, byte);
    if (irq.hw === 1) return forwarding.configure(irq, byte);
    queue(lpi);
    return 0;
  }

  /** The bit moves: what was set in memory is cleared there, except when a redistributor's LPIs are enabled. */
  function syncPending(lpi: number, clears: boolean): number {
    const irq = lpis.at(lpi);
    const bit = memory.pendingBit(irq);
    if (bit < 0) return bit;
    if (irq.target === 0) return 0;
    irq.pendingLatch = bit;
    queue(lpi);
    if (bit === 1 && clears) memory.clearPendingBit(irq);
    return 0;
  }

  function leaveRcu(): void {
    irqs.rcuReaders--;
    if (irqs.rcuReaders !== 0) return;
    for (let i = lpis.next(0); i >= 0; i = lpis.next(i + 1)) if (lpis.slot(i).dead === 1) lpis.free(lpis.handleOf(i));
  }

  function drop(lpi: number): boolean {
    const irq = lpis.at(lpi);
    assert(irq.refs > 0, `refcount_t: underflow; use-after-free of LPI ${irq.intid}`);
    irq.refs--;
    return irq.refs === 0;
  }

  function release(lpi: number): void {
    if (irqs.rcuReaders === 0) lpis.free(lpi);
    else lpis.at(lpi).dead = 1;
  }

  function put(lpi: number): void {
    if (!drop(lpi)) return;
    table.erase(lpis.at(lpi).intid);
    release(lpi);
  }

  function make(intid: number, target: number): number {
    const lpi = lpis.alloc();
    if (lpi === 0) return -ERRNO.ENOMEM;
    const irq = lpis.at(lpi);
    irq.intid = intid;
    irq.config = CONFIG.EDGE;
    irq.group = 1;
    irq.target = target;
    irq.refs = 1;
    return lpi;
  }

  function add(intid: number, target: number): number {
    const found = table.find(intid);
    if (found !== 0) {
      lpis.at(found).refs++;
      return found;
    }
    const lpi = make(intid, target);
    if (lpi < 0) return lpi;
    table.store(intid, lpi);
    const error = configure(lpi) || syncPending(lpi, true);
    if (error !== 0) put(lpi);
    return error === 0 ? lpi : error;
  }

  /** Calls for every LPI of a target until one fails. Linux: 6.1 goes by the order in which they were made. */
  function each(target: number, action: (lpi: number) => number): number {
    for (let place = 0; place < table.count; place++) {
      const lpi = table.at(place);
      const error = lpis.at(lpi).target === target ? action(lpi) : 0;
      if (error !== 0) return error;
    }
    return 0;
  }

  function trigger(lpi: number): void {
    lpis.at(lpi).pendingLatch = 1;
    queue(lpi);
  }

  function retarget(lpi: number, target: number): void {
    const irq = lpis.at(lpi);
    irq.target = target;
    if (irq.hw === 1) forwarding.retarget(irq);
  }

  return {
    forwarding,
    at: (lpi) => lpis.at(lpi),
    table,
    find: table.find,
    make,
    add,
    hold(lpi) {
      const irq = lpis.at(lpi);
      assert(irq.refs > 0, `refcount_t: addition on 0; use-after-free of LPI ${irq.intid}`);
      irq.refs++;
    },
    tryHold(lpi) {
      const irq = lpis.at(lpi);
      if (irq.refs === 0) return false;
      irq.refs++;
      return true;
    },
    put,
    drop,
    release,
    enterRcu() {
      irqs.rcuReaders++;
    },
    leaveRcu,
    takeConfig,
    memory,
    trigger,
    raise(lpi) {
      if (lpis.at(lpi).hw === 1) return forwarding.setPending(lpis.at(lpi), 1);
      trigger(lpi);
      return 0;
    },
    clear(lpi) {
      const irq = lpis.at(lpi);
      irq.pendingLatch = 0;
      return irq.hw === 1 ? forwarding.setPending(irq, 0) : 0;
    },
    retarget,
    configure,
    configureAll(target) {
      const error = each(target, configure);
      if (target !== 0) forwarding.invalidateAll(target - 1);
      return error;
    },
    moveAll(from, to) {
      for (let place = 0; place < table.count; place++) {
        const lpi = table.at(place);
        if (from === 0 || lpis.at(lpi).target === from) retarget(lpi, to);
      }
    },
    loadPending: (target) => each(target, (lpi) => syncPending(lpi, false)),
    savePending: () => forwarding.whileUnmapped(() => saveAll(lpis, table, { memory, forwarding })),
  };
}
