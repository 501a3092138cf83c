// LPIs of a VM: made by the first ITE that names them, gone with their last reference; configuration and pending bits in guest memory. Linux: vgic-its.c vgic_add_lpi,
// update_lpi_config, vgic-v3.c vgic_v3_lpi_sync_pending_status, vgic_v3_save_pending_tables.

import { ERRNO } from '@virq/irq-core/errors';
import { CONFIG, INTID, type Irq, type IrqsState } from '../irq/layout.ts';
import { type Ram, UNREADABLE } from '../memory/ram.ts';
import { type LpiForwarding, NO_FORWARDING } from './forwarding.ts';

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
  /** Handle of a mapped LPI, no reference taken; 0 for none. */
  find(intid: number): number;
  /** Handle with a reference of the caller, or -errno: -EFAULT for unreadable tables, -ENOMEM. `target` is 1 + vCPU, 0 for none; an existing LPI keeps its own. */
  add(intid: number, target: number): number;
  hold(lpi: number): void;
  /** Drops a reference; the last one frees the LPI. */
  put(lpi: number): void;
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
  /** MOVALL. */
  moveAll(from: number, to: number): void;
  /** EnableLPIs 0→1 with PTZ=0: pending state of all LPIs of a target from its table, 0 or -EFAULT. */
  loadPending(target: number): number;
  /** KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES: 0 or -EFAULT. Bytes that stay are not written. */
  savePending(): number;
}

/** Creates LPIs over zeroed state. */
export function createLpis({ irqs, ram, redistributors, queue, forwarding = NO_FORWARDING }: LpiHost): Lpis {
  const { lpis } = irqs;

  const pendingAt = (irq: Irq): number => redistributors.pendingTable(irq.target - 1) + (irq.intid >>> 3);

  function configure(lpi: number): number {
    const irq = lpis.at(lpi);
    const byte = ram.loadByte(redistributors.configTable() + irq.intid - INTID.LPI);
    if (byte === UNREADABLE) return -ERRNO.EFAULT;
    irq.priority = byte & 0xfc;
    irq.enabled = byte & 1;
    if (irq.hw === 1) return forwarding.configure(irq, byte);
    queue(lpi);
    return 0;
  }

  /** The bit moves: what was set in memory is cleared there. */
  function syncPending(lpi: number): number {
    const irq = lpis.at(lpi);
    if (irq.target === 0) return 0;
    const at = pendingAt(irq);
    const byte = ram.loadByte(at);
    if (byte === UNREADABLE) return -ERRNO.EFAULT;
    const bit = 1 << (irq.intid & 7);
    irq.pendingLatch = (byte & bit) === 0 ? 0 : 1;
    queue(lpi);
    if ((byte & bit) !== 0) ram.storeByte(at, byte & ~bit);
    return 0;
  }

  function find(intid: number): number {
    for (let i = lpis.next(0); i >= 0; i = lpis.next(i + 1)) if (lpis.slot(i).intid === intid) return lpis.handleOf(i);
    return 0;
  }

  function put(lpi: number): void {
    const irq = lpis.at(lpi);
    irq.refs--;
    if (irq.refs === 0) lpis.free(lpi);
  }

  function add(intid: number, target: number): number {
    const found = find(intid);
    if (found !== 0) {
      lpis.at(found).refs++;
      return found;
    }
    const lpi = lpis.alloc();
    if (lpi === 0) return -ERRNO.ENOMEM;
    const irq = lpis.at(lpi);
    irq.intid = intid;
    irq.config = CONFIG.EDGE;
    irq.group = 1;
    irq.target = target;
    irq.refs = 1;
    const error = configure(lpi) || syncPending(lpi);
    if (error !== 0) put(lpi);
    return error === 0 ? lpi : error;
  }

  /** Calls for every LPI of a target until one fails. */
  function each(target: number, action: (lpi: number) => number): number {
    for (let i = lpis.next(0); i >= 0; i = lpis.next(i + 1)) {
      if (lpis.slot(i).target !== target) continue;
      const error = action(lpis.handleOf(i));
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

  function savePending(): number {
    for (let i = lpis.next(0); i >= 0; i = lpis.next(i + 1)) {
      const error = lpis.slot(i).target === 0 ? 0 : store(lpis.slot(i));
      if (error !== 0) return error;
    }
    return 0;
  }

  /** Linux: only GICv4.1 says what is pending in hardware. */
  const isPending = (irq: Irq): boolean =>
    irq.hw === 1 && forwarding.isSavable ? forwarding.isPending(irq) : irq.pendingLatch === 1;

  function store(irq: Irq): number {
    const byte = ram.loadByte(pendingAt(irq));
    if (byte === UNREADABLE) return -ERRNO.EFAULT;
    const bit = 1 << (irq.intid & 7);
    if (((byte & bit) !== 0) !== isPending(irq)) ram.storeByte(pendingAt(irq), byte ^ bit);
    return 0;
  }

  return {
    forwarding,
    at: (lpi) => lpis.at(lpi),
    find,
    add,
    hold(lpi) {
      lpis.at(lpi).refs++;
    },
    put,
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
      for (let i = lpis.next(0); i >= 0; i = lpis.next(i + 1))
        if (lpis.slot(i).target === from) retarget(lpis.handleOf(i), to);
    },
    loadPending: (target) => each(target, syncPending),
    savePending: () => forwarding.whileUnmapped(savePending),
  };
}
