// VT-d between devices and CPUs: an irq's message is composed, remapped, posted, refused, or handled by the host. Linux: drivers/iommu/intel/irq_remapping.c, dmar.c.

import type { Trace } from '@virq/irq-core/events';
import type { Remapper, RemapResult } from '@virq/irq-core/host';
import type { PostedHost } from '../posted/posted-host.ts';
import { FAULT, mapVtd, type Remapping, remap, unmapVtd, type VtdState } from './vtd.ts';
import { composeMessage, type MsiMessage } from './vtd-irte.ts';

/** VT-d as the host uses it. */
export interface Vtd extends Remapper {
  /** A device writes a message of its own making. */
  message(message: MsiMessage, requester: number): Remapping;
  /** Irq (counted from the first message vector) that a CPU's vector belongs to, -1 if none. */
  irqOfVector(cpu: number, vector: number): number;
}

/** What {@link createVtd} needs. */
export interface VtdParts {
  readonly state: VtdState;
  readonly posted: PostedHost;
  readonly trace: Trace;
  readonly postedMsi: boolean;
  indexOf(linuxIrq: number): number;
  linuxIrq(index: number): number;
  /** Vector of the host for an irq. */
  hostVector(index: number): number;
}

/** Requester id of a device: bus 0, one slot each. */
export const requesterOf = (device: number): number => (device + 1) << 3;

/** Creates it over zeroed state. */
export function createVtd(parts: VtdParts): Vtd {
  const { state, posted, trace, indexOf } = parts;

  function traceRemapping(r: Remapping, requester: number): void {
    if (r.to === 'fault' && r.reported) {
      const { code, text } = FAULT[r.fault];
      trace.emit('dmar_fault', { requester, index: Math.max(0, r.index), code, text });
    }
    if (r.to !== 'posted') return;
    const { vm, index } = r.owner;
    const irq = parts.linuxIrq(r.index);
    if (vm < 0) trace.emit('hw_post_host', { irq, vec: r.vector, cpu: index });
    else trace.emit('hw_post', { irq, vec: r.vector, vm, vcpu: index });
  }

  function message(m: MsiMessage, requester: number): Remapping {
    const r = remap(state, m, requester, posted.descriptor);
    if (trace.on) traceRemapping(r, requester);
    if (r.to === 'posted' && r.notifies) posted.notify(r.desc.ndst, r.desc.nv);
    return r;
  }

  const END: Readonly<Record<Remapping['to'], RemapResult>> = { fault: 'aborted', host: 'host', posted: 'posted' };

  return {
    message,
    irqOfVector(cpu, vector) {
      for (let i = 0; i < state.irqs.length; i++) {
        const d = state.irqs.at(i);
        if (d.used === 1 && d.hostCpu === cpu && d.image.vector === vector) return i;
      }
      return -1;
    },
    map(linuxIrq, device) {
      const irq = indexOf(linuxIrq);
      if (irq < 0) return;
      const { x2apic } = state;
      const { postedMsi } = parts;
      const place = { vector: parts.hostVector(irq), cpu: 0 };
      mapVtd(state.irqs.at(irq), { sid: requesterOf(device), ...place, x2apic, postedMsi });
    },
    unmap(linuxIrq) {
      const irq = indexOf(linuxIrq);
      if (irq >= 0) unmapVtd(state.irqs.at(irq));
    },
    deliver(linuxIrq) {
      const irq = indexOf(linuxIrq);
      if (irq < 0) return 'host';
      return END[message(composeMessage(irq, 0), state.irqs.at(irq).image.sid).to];
    },
  };
}
