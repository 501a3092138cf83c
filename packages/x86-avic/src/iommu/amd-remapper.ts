// A device's message at the AMD IOMMU: device table entry, remapping table entry, CPU or guest. Linux: drivers/iommu/amd/iommu.c irq domain.

import type { Trace } from '@virq/irq-core/events';
import type { Remapper, RemapResult } from '@virq/irq-core/host';
import { vcpuOfFrame, vmOfFrame } from '../avic/tables.ts';
import { type AmdState, deliverMessage, type IrData, mapHost, unmapHost, type VapicBus } from './amd.ts';
import { type Decision, decide, INT_CTL, TABLE_LENGTH } from './dte.ts';
import { rootFrame } from './irte.ts';

/** Message vectors that a device can have, and so entries of its table that are used. */
const VECTORS = 32;

/** The AMD IOMMU as devices see it. */
export interface AmdRemapper extends Remapper {
  /** A message with this data, whatever irq it was meant to be. */
  message(device: number, data: number): RemapResult;
}

/** What {@link createAmdRemapper} needs. */
export interface AmdRemapperParts {
  readonly state: AmdState;
  readonly bus: VapicBus;
  readonly trace: Trace;
  /** 1 if IRTEs can post. */
  vapic(): number;
  indexOf(linuxIrq: number): number;
  linuxIrq(index: number): number;
  hostVector(index: number): number;
}

/** Creates it; devices' tables are there from the start, their entries when vectors are mapped. */
export function createAmdRemapper(parts: AmdRemapperParts): AmdRemapper {
  const { state, bus, trace, indexOf } = parts;

  for (let i = 0; i < state.dtes.length; i++)
    Object.assign(state.dtes.at(i), { iv: 1, tableLength: TABLE_LENGTH, intCtl: INT_CTL.REMAP });

  function tracePost(index: number, { cache, entry, isCached }: IrData): void {
    const e = isCached === 1 ? cache : entry;
    if (e.guestMode === 0) return;
    const frame = rootFrame(e);
    const [vm, vcpu] = [vmOfFrame(frame), vcpuOfFrame(frame)];
    trace.emit('hw_post', { irq: parts.linuxIrq(index), vec: e.vector, vm, vcpu });
  }

  function throughTable(device: number, index: number): RemapResult {
    if (index >= VECTORS) return 'aborted';
    const d = state.irqs.at(device * VECTORS + index);
    if (d.used === 0) return 'aborted';
    if (trace.on) tracePost(device * VECTORS + index, d);
    return deliverMessage(d, state.gaLog, bus);
  }

  function message(device: number, data: number): RemapResult {
    const decision: Decision = decide(state.dtes.at(device), data);
    const result = decision.to === 'table' ? throughTable(device, decision.index) : 'host';
    const aborted = decision.to === 'abort' || result === 'aborted';
    if (aborted && trace.on) trace.emit('hw_iommu_abort', { device, data });
    return aborted ? 'aborted' : result;
  }

  return {
    map(irq, device) {
      const index = indexOf(irq);
      if (index < 0) return;
      mapHost(state.irqs.at(index), (device + 1) << 3, parts.hostVector(index), 0);
      state.irqs.at(index).remapOnly = 1 - parts.vapic();
    },
    unmap(irq) {
      const index = indexOf(irq);
      if (index >= 0) unmapHost(state.irqs.at(index));
    },
    deliver(irq) {
      const index = indexOf(irq);
      return index < 0 ? 'host' : message(Math.trunc(index / VECTORS), index % VECTORS);
    },
    message,
  };
}
