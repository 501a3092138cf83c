// The tables of LPIs in guest memory: a configuration byte each, and a pending bit per redistributor. Arm IHI 0069 5.1; Linux: vgic-its.c update_lpi_config,
// vgic-v3.c vgic_v3_lpi_sync_pending_status, vgic_v3_save_pending_tables.

import { ERRNO } from '@virq/irq-core/errors';
import { INTID, type Irq } from '../irq/layout.ts';
import { type Ram, UNREADABLE } from '../memory/ram.ts';
import type { Redistributors } from './lpis.ts';

/** End of LPIs: KVM has 16 bits of INTID. */
const LPI_END = 0x10000;

/** What memory says of LPIs. -EFAULT for tables outside memory. */
export interface LpiMemory {
  /** Configuration byte of an INTID. */
  configByte(intid: number): number;
  /** The guest stores one: 0 or -EFAULT. */
  storeConfig(intid: number, byte: number): number;
  /** Whether an LPI is pending at its target: 0 or 1. One without target is not. */
  pendingBit(irq: Irq): number;
  clearPendingBit(irq: Irq): void;
  /** Makes the bit at its target say whether it is pending: 0 or -EFAULT. A byte that stays is not written. */
  savePending(irq: Irq, pending: boolean): number;
  /** LPIs whose bits are set in the table of a vCPU. */
  pendingInTable(vcpu: number): number[];
}

/** Creates the view of the tables. */
export function createLpiMemory(ram: Ram, redistributors: Redistributors): LpiMemory {
  const configAt = (intid: number): number => redistributors.configTable() + intid - INTID.LPI;
  const pendingAt = (irq: Irq): number => redistributors.pendingTable(irq.target - 1) + (irq.intid >>> 3);
  return {
    configByte(intid) {
      const byte = ram.loadByte(configAt(intid));
      return byte === UNREADABLE ? -ERRNO.EFAULT : byte;
    },
    storeConfig: (intid, byte) => (ram.storeByte(configAt(intid), byte) ? 0 : -ERRNO.EFAULT),
    pendingBit(irq) {
      if (irq.target === 0) return 0;
      const byte = ram.loadByte(pendingAt(irq));
      return byte === UNREADABLE ? -ERRNO.EFAULT : (byte >>> (irq.intid & 7)) & 1;
    },
    clearPendingBit(irq) {
      const at = pendingAt(irq);
      ram.storeByte(at, ram.loadByte(at) & ~(1 << (irq.intid & 7)));
    },
    savePending(irq, pending) {
      if (irq.target === 0) return 0;
      const at = pendingAt(irq);
      const byte = ram.loadByte(at);
      if (byte === UNREADABLE) return -ERRNO.EFAULT;
      const bit = 1 << (irq.intid & 7);
      if (((byte & bit) !== 0) !== pending) ram.storeByte(at, byte ^ bit);
      return 0;
    },
    pendingInTable(vcpu) {
      const found: number[] = [];
      const at = redistributors.pendingTable(vcpu);
      for (let word = INTID.LPI / 32; word < LPI_END / 32; word++) {
        const bits = ram.load(at + 4 * word);
        if (bits === UNREADABLE) break;
        for (let left = bits; left !== 0; left &= left - 1) found.push(32 * word + 31 - Math.clz32(left & -left));
      }
      return found;
    },
  };
}
