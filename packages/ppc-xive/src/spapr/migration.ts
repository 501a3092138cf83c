// A pseries machine moves to another QEMU: memory, then the state of its controller, in QEMU's order. QEMU: hw/intc/spapr_xive.c vmstate, spapr_xive_kvm.c kvmppc_xive_{pre_save,post_load}, xics.c.

import { EINVAL } from '@virq/irq-core/errors';
import { guestFrame, ownerOf, realFrame } from '../hw/ram.ts';
import type { Context } from '../kvm/context.ts';
import { DEVICE, Q_COUNT } from '../kvm/layout.ts';
import { XIRQ_BASE } from './codes.ts';
import type { SpaprContext } from './context.ts';
import { icsAtReset } from './irqs.ts';
import type { SpaprMachine } from './machine.ts';
import { easParts, endParts } from './tables.ts';
import { refreshEnd } from './xive-hcalls.ts';

/** One end of a migration. */
export interface MigrationEnd {
  readonly ctx: Context;
  readonly spapr: SpaprContext;
  readonly machine: SpaprMachine;
}

/** Which pages a pass over memory takes: all that were written, or those marked dirty since. */
export type RamPass = 'all' | 'dirty';

const FRAME_SHIFT = 12;

/** Frames of the guest with what hardware wrote into queues, as far as KVM has marked them; the marks are taken away. */
function dirtyFrames({ state, options }: Context): Set<number> {
  const frames = new Set<number>();
  const perPage = 2 ** (options.hostPageShift - FRAME_SHIFT);
  for (let i = 0; i < state.vcpus.length; i++)
    for (let p = 0; p < Q_COUNT; p++) {
      const q = state.vcpus.at(i).queues.at(p);
      if (q.dirty === 0) continue;
      q.dirty = 0;
      const first = Number(q.guestQaddr) / 2 ** FRAME_SHIFT;
      for (let k = 0; k < perPage; k++) frames.add(first + k);
    }
  return frames;
}

/**
 * Copies guest memory. What hardware writes into a queue is in no dirty log: only EQ_SYNC makes it known, so that a pass before it
 * misses what comes later.
 */
export function copyRam(from: MigrationEnd, to: MigrationEnd, pass: RamPass): void {
  const { ram } = from.ctx.host.xive;
  const dirty = dirtyFrames(from.ctx);
  for (const frame of ram.written()) {
    const own = guestFrame(frame);
    if (ownerOf(frame) !== 1 + from.ctx.vm || (pass === 'dirty' && !dirty.has(own))) continue;
    const target = realFrame(1 + to.ctx.vm, own);
    for (let offset = 0; offset < 2 ** FRAME_SHIFT; offset += 4) ram.store(target, offset, ram.load(frame, offset));
  }
}

/** Tables, the last position of each queue, and the mode that was negotiated: from QEMU to QEMU. */
function copyTables(from: SpaprContext, to: SpaprContext): void {
  const isXive = from.state.active === DEVICE.XIVE && from.state.inKernel === 1;
  for (let i = 0; i < from.tables.ends; i++) {
    if (isXive && endParts(from.tables.end(i)).valid) refreshEnd(from, i);
    for (let w = 0; w < 8; w++) to.tables.end(i).w.set(w, from.tables.end(i).w.get(w));
  }
  from.tables.forEach((irq, lisn) => {
    const { eas, lsi, asserted, pq } = irq;
    Object.assign(to.tables.create(lisn), { eas, lsi, asserted, pq });
  });
  for (let i = 0; i < from.state.msis.size; i++) if (from.state.msis.has(i)) to.state.msis.add(i);
  to.state.cas = from.state.cas;
}

/** The first negative of what `each` returns. */
function firstError(count: number, each: (i: number) => number): number {
  for (let i = 0; i < count; i++) {
    const rc = each(i);
    if (rc < 0) return rc;
  }
  return 0;
}

/** kvmppc_xive_post_load: queues first, for sources are counted in at them; then sources; then the vCPUs' contexts. PQ waits until the VM runs. */
function restoreXive(to: SpaprContext): number {
  const queues = firstError(to.tables.ends, (i) => {
    const { valid, notify, qaddr, qsize, generation, index } = endParts(to.tables.end(i));
    if (!valid) return 0;
    const eq = { flags: notify ? 1 : 0, qshift: qsize, qaddr, qtoggle: generation, qindex: index };
    return to.xive.configureQueue(i >>> 3, i & 7, eq);
  });
  if (queues < 0) return queues;
  let failed = 0;
  to.tables.forEach((irq, lisn) => {
    if (failed < 0) return;
    const { end, masked, data } = easParts(irq.eas);
    failed = to.xive.resetSource(lisn, irq.lsi === 1, irq.asserted === 1);
    if (failed === 0)
      failed = to.xive.configureSource(lisn, { server: end >>> 3, priority: end & 7, masked, eisn: data });
  });
  if (failed < 0) return failed;
  return firstError(to.servers.length, (vcpu) => to.xive.setVp(vcpu, to.state.tctx.at(vcpu).w01));
}

/** Contexts of the vCPUs, read from KVM's native device. */
function saveContexts(from: SpaprContext, to: SpaprContext): number {
  return firstError(from.servers.length, (vcpu) => {
    const w01 = from.xive.getVp(vcpu);
    if (typeof w01 === 'number') return w01;
    to.state.tctx.at(vcpu).w01 = w01;
    return 0;
  });
}

/** ics_get_kvm_state, ics_set_kvm_state: sources one by one, then presenters. */
function moveXics(from: SpaprContext, to: SpaprContext): number {
  let failed = 0;
  from.tables.forEach((irq, lisn) => {
    if (failed < 0 || lisn < XIRQ_BASE) return;
    const value = from.xics.getSource(lisn);
    failed =
      typeof value === 'number' ? to.xics.setSource(lisn, icsAtReset(irq.lsi, 0)) : to.xics.setSource(lisn, value);
  });
  if (failed < 0) return failed;
  return firstError(from.servers.length, (vcpu) => {
    const icp = from.xics.getIcp(vcpu);
    return typeof icp === 'number' ? icp : to.xics.setIcp(vcpu, icp);
  });
}

/** Saves the machine that stands and loads it into another that has not run yet: 0, -EINVAL when they do not fit, or KVM's errno. */
export function moveState(from: MigrationEnd, to: MigrationEnd): number {
  const [source, target] = [from.spapr, to.spapr];
  if (source.state.running === 1 || source.state.icMode !== target.state.icMode) return -EINVAL;
  if (source.servers.length !== target.servers.length || source.tables.ends !== target.tables.ends) return -EINVAL;
  // The other QEMU waits for what comes in; it runs when it is told to.
  target.state.running = 0;
  copyTables(source, target);
  const switched = to.machine.postLoad();
  if (switched < 0 || target.state.inKernel === 0) return switched;
  if (target.state.active === DEVICE.XICS) return moveXics(source, target);
  return saveContexts(source, target) || restoreXive(target);
}
