// IPIs that AVIC sends without an exit, and what KVM does with those it could not finish. AMD APM vol. 2 15.29.2.6; Linux: svm/avic.c avic_incomplete_ipi_interception.

import type { Delivery, LapicIrq } from '../destination.ts';
import { SHORTHAND } from '../destination.ts';
import type { Avic } from './avic.ts';
import { entryFrame, logicalIndex, type PhysicalIdEntry, vcpuOfFrame } from './tables.ts';

/** Why hardware gave an IPI up (exit 0x401, EXITINFO2 high). */
export const IPI_FAILURE = {
  INVALID_INT_TYPE: 0,
  TARGET_NOT_RUNNING: 1,
  INVALID_TARGET: 2,
  INVALID_BACKING_PAGE: 3,
  INVALID_VECTOR: 4,
} as const;

/** How logical destinations are read. */
export type LogicalMode = 'flat' | 'cluster' | 'x2apic';

/** What became of an IPI: sent, or the reason and the table index it failed at. */
export interface IpiOutcome {
  readonly failure: number;
  readonly index: number;
}
const SENT: IpiOutcome = { failure: -1, index: 0 };

/** AVIC's way to a set of target ids. */
function* targetIds(a: Avic, irq: LapicIrq, flat: boolean): Generator<number> {
  const { physical, logical } = a.state;
  if (irq.shorthand !== SHORTHAND.NONE || irq.dest === 0xff || irq.dest === 0xffffffff) {
    for (let id = 0; id < physical.length; id++) if (physical.at(id).valid === 1) yield id;
    return;
  }
  if (irq.logical === 0) {
    yield irq.dest;
    return;
  }
  const cluster = flat ? 0 : irq.dest & 0xf0;
  for (let bit = 0; bit < (flat ? 8 : 4); bit++) {
    if ((irq.dest & (1 << bit)) === 0) continue;
    const entry = logical.at(Math.max(0, logicalIndex((cluster | (1 << bit)) << 24, flat)));
    yield entry.valid === 1 ? entry.guestId : -1;
  }
}

/** Sets the bit in one target's backing page and rings its CPU. Returns its entry, null if there is none. */
function reach(a: Avic, id: number, vector: number): PhysicalIdEntry | null {
  if (id < 0 || id >= a.state.physical.length) return null;
  const e = a.state.physical.at(id);
  if (e.valid === 0) return null;
  a.setIrr(vcpuOfFrame(entryFrame(e)), vector);
  if (e.isRunning === 1) a.host.ringDoorbell(e.hostId);
  return e;
}

/**
 * The guest writes its ICR. Hardware sends fixed, edge-triggered IPIs: IRR of every target, doorbells of those that run. The first target that is
 * missing ends it; one that does not run ends it when all are done.
 */
export function sendByHardware(a: Avic, irq: LapicIrq, mode: LogicalMode): IpiOutcome {
  if (irq.dm !== 0 || irq.trigger !== 0) return { failure: IPI_FAILURE.INVALID_INT_TYPE, index: 0 };
  if (irq.vector < 16) return { failure: IPI_FAILURE.INVALID_VECTOR, index: 0 };
  // Abstraction: x2AVIC derives logical ids from physical ones; here such an IPI exits and KVM sends it.
  if (irq.logical === 1 && irq.shorthand === SHORTHAND.NONE && mode === 'x2apic')
    return { failure: IPI_FAILURE.INVALID_TARGET, index: 0 };
  if (irq.shorthand === SHORTHAND.SELF) {
    a.setIrr(irq.source, irq.vector);
    return SENT;
  }
  let outcome = SENT;
  for (const id of targetIds(a, irq, mode === 'flat')) {
    if (irq.shorthand === SHORTHAND.ALL_BUT_SELF && id === a.idOf(irq.source)) continue;
    const e = reach(a, id, irq.vector);
    if (e === null) return { failure: IPI_FAILURE.INVALID_TARGET, index: Math.max(0, id) };
    if (e.isRunning === 0) outcome = { failure: IPI_FAILURE.TARGET_NOT_RUNNING, index: id };
  }
  return outcome;
}

/** How KVM finishes an IPI: by sending it itself, by waking the targets, or not at all. */
export type Remedy = 'emulate' | 'kick' | 'ignore';

/** By failure. Linux: an invalid target was ignored until 5.17; unknown failures and bad vectors are ignored. */
export const REMEDY: readonly Remedy[] = ['emulate', 'kick', 'emulate', 'ignore', 'ignore'];

/** True if one entry of the tables names the only target, so that KVM need not scan (avic_kick_target_vcpus_fast). */
const isSingle = (irq: LapicIrq): boolean =>
  irq.shorthand === SHORTHAND.NONE &&
  irq.dest !== 0xff &&
  (irq.logical === 0 || (irq.dest & (irq.dest - 1) & 0xf) === 0);

/** avic_kick_target_vcpus: the IRR bits are set already; targets that do not run are woken. */
export function kickTargets(
  a: Avic,
  delivery: Delivery,
  irq: LapicIrq,
  icr: { low: number; high: number; index: number },
): void {
  if (!isSingle(irq) && a.trace.on)
    a.trace.emit('kvm_avic_kick_vcpu_slowpath', { icrh: icr.high, icrl: icr.low, index: icr.index });
  for (let vcpu = 0; vcpu < a.vcpus.count; vcpu++)
    if (delivery.matches(vcpu, irq) && a.at(vcpu).entry.isRunning === 0) a.ring(vcpu);
}
