// The VM stops and goes on: sources are kept from notifying, and get back what they had. QEMU: hw/intc/spapr_xive_kvm.c kvmppc_xive_change_state_handler.

import { ESB, PQ } from '../hw/esb.ts';
import { DEVICE } from '../kvm/layout.ts';
import type { SpaprContext } from './context.ts';

const PQ_BITS = 3;

/**
 * Stop: PQ of every source is remembered and set to 10, so that an event while the VM stands shows as Q; then queues are made stable and their
 * pages dirty. A source that is off stays off.
 * Linux: the documentation of the device says 01 here, which would lose such events.
 */
export function stopXive({ tables, xive }: SpaprContext): number {
  tables.forEach((irq, lisn) => {
    const pq = xive.esbLoad(lisn, ESB.GET) & PQ_BITS;
    irq.pq = pq === PQ.OFF ? pq : xive.esbLoad(lisn, ESB.SET_PQ_10) & PQ_BITS;
  });
  return xive.syncQueues();
}

/** Going on: PQ as it was; a source that was idle and has fired meanwhile is triggered. */
export function resumeXive({ tables, xive }: SpaprContext): void {
  tables.forEach((irq, lisn) => {
    const old = xive.esbLoad(lisn, ESB.SET_PQ_00 + (irq.pq << 8)) & PQ_BITS;
    if (irq.pq === PQ.RESET && old === PQ.QUEUED) xive.esbStore(lisn, 0);
  });
}

/** vm_stop. Returns 0, or KVM's errno. */
export function stop(c: SpaprContext): number {
  if (c.state.running === 0) return 0;
  c.state.running = 0;
  if (c.trace.on) c.trace.emit('vm_state', { running: 0 });
  return c.state.active === DEVICE.XIVE && c.state.inKernel === 1 ? stopXive(c) : 0;
}

/** vm_start. */
export function resume(c: SpaprContext): void {
  if (c.state.running === 1) return;
  if (c.state.active === DEVICE.XIVE && c.state.inKernel === 1) resumeXive(c);
  c.state.running = 1;
  if (c.trace.on) c.trace.emit('vm_state', { running: 1 });
}
