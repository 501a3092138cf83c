// LPIs of a VM: made by the first ITE that names them, gone with their last reference; configuration and pending bits in guest memory. Linux: vgic-its.c vgic_add_lpi,
// update_lpi_config, vgic-v3.c vgic_v3_lpi_sync_pending_status, vgic_v3_save_pending_tables.

import type { Irq, IrqsState } from '../irq/layout.ts';
import type { Ram } from '../memory/ram.ts';
import { type LpiForwarding, NO_FORWARDING } from './forwarding.ts';
import { createLpiMemory, type LpiMemory } from './lpi-memory.ts';
import { createLpiRefs, type LpiRefs } from './lpi-refs.ts';
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

/** LPIs by handle. Targets are 1 + vCPU, 0 for none. */
export interface Lpis extends LpiRefs {
  readonly forwarding: LpiForwarding;
  at(lpi: number): Irq;
  /** LPIs by INTID. */
  readonly table: LpiTable;
  /** The tables in memory. */
  readonly memory: LpiMemory;
  /** Handle of a mapped LPI, no reference taken; 0 for none. */
  find(intid: number): number;
  /** Handle with a reference of the caller, or -errno: -EFAULT for unreadable tables, -ENOMEM. An existing LPI keeps its target. */
  add(intid: number, target: number): number;
  /** Makes it pending in software and queues it, also if it is forwarded (Linux: a cached translation does not ask). */
  trigger(lpi: number): void;
  /** INT and a translated MSI: pending in hardware if it is forwarded. 0 or -errno. */
  raise(lpi: number): number;
  /** CLEAR, without the lock of the interrupt. 0 or -errno. */
  clear(lpi: number): number;
  /** update_affinity. */
  retarget(lpi: number, target: number): void;
  /** Reads the configuration byte again: 0 or -EFAULT. */
  configure(lpi: number): number;
  /** INVALL: configuration of all LPIs of a target. */
  configureAll(target: number): void;
  /** EnableLPIs 0→1 with PTZ=0: pending state of all LPIs of a target from its table, 0 or -EFAULT. */
  loadPending(target: number): number;
  /** KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES: 0 or -EFAULT. Bytes that stay are not written. */
  savePending(): number;
}

/** Creates LPIs over zeroed state. */
export function createLpis({ irqs, ram, redistributors, queue, forwarding = NO_FORWARDING }: LpiHost): Lpis {
  const { lpis } = irqs;
  const table = createLpiTable(irqs.lpiTable);
  const refs = createLpiRefs(irqs, table);
  const memory = createLpiMemory(ram, redistributors);

  function configure(lpi: number): number {
    const irq = lpis.at(lpi);
    const byte = memory.configByte(irq.intid);
    if (byte < 0) return byte;
    irq.priority = byte & 0xfc;
    irq.enabled = byte & 1;
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

  function add(intid: number, target: number): number {
    const found = table.find(intid);
    if (found !== 0) {
      refs.hold(found);
      return found;
    }
    const lpi = refs.make(intid, target);
    if (lpi < 0) return lpi;
    table.store(intid, lpi);
    const error = configure(lpi) || syncPending(lpi, true);
    if (error !== 0) refs.put(lpi);
    return error === 0 ? lpi : error;
  }

  /** Calls for every LPI until one fails. Linux: 6.1 goes by the order in which they were made. */
  function each(action: (lpi: number) => number): number {
    for (let place = 0; place < table.count; place++) {
      const error = action(table.at(place));
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

  /** Linux: only GICv4.1 says what is pending in hardware. */
  const isPending = (irq: Irq): boolean =>
    irq.hw === 1 && forwarding.isSavable ? forwarding.isPending(irq) : irq.pendingLatch === 1;

  const savePending = (lpi: number): number => memory.savePending(lpis.at(lpi), isPending(lpis.at(lpi)));

  return {
    ...refs,
    forwarding,
    at: (lpi) => lpis.at(lpi),
    table,
    memory,
    find: table.find,
    add,
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
      each((lpi) => {
        if (lpis.at(lpi).target === target) configure(lpi);
        return 0;
      });
      if (target !== 0) forwarding.invalidateAll(target - 1);
    },
    loadPending: (target) => each((lpi) => (lpis.at(lpi).target === target ? syncPending(lpi, false) : 0)),
    savePending: () => forwarding.whileUnmapped(() => each(savePending)),
  };
}
