// How the hcalls find the interrupt to present: over the queues of a vCPU and its MFRR. Linux: arch/powerpc/kvm/book3s_xive.c xive_vm_scan_interrupts.

import { bits, u1, u8, u16, u32 } from '@virq/irq-core/arena';
import { type Combinators, DONE, protocolsOn } from '@virq/irq-core/protocol';
import { NO_MFRR, XICS_DUMMY, XICS_IPI } from '../xics/numbers.ts';
import { type XicsWorld, xicsOf } from './xics-world.ts';

const { protocol } = protocolsOn<XicsWorld>();

/** Why a scan is made: to take an interrupt, to look for one, or to clean up after an EOI. */
export const SCAN = { FETCH: 0, POLL: 1, EOI: 2 } as const;

/**
 * `vcpu` is the one scanned; `pending` a bit per priority, bit 0 the most favoured; `prio` and `hirq` become the answer, `hirq` 0 for none;
 * `hasPage` the queue's page pointer as it was when its turn came.
 */
export const SCAN_LOCALS = {
  vm: u8,
  vcpu: u16,
  kind: bits(2),
  pending: u8,
  prio: u8,
  hirq: u32,
  idx: bits(22),
  toggle: u1,
  hasPage: u1,
} as const;
type Frame = { -readonly [K in keyof typeof SCAN_LOCALS]: number };

const vcpuOf = (m: XicsWorld, f: Frame) => xicsOf(m, f).vcpus.at(f.vcpu);
const queueOf = (m: XicsWorld, f: Frame) => vcpuOf(m, f).queues.at(f.prio);

/** The IPI that MFRR asks for, if CPPR lets it pass. */
function offerIpi(m: XicsWorld, f: Frame): boolean {
  const { mfrr, cppr } = vcpuOf(m, f);
  if (mfrr >= cppr) return false;
  f.prio = mfrr;
  f.hirq = XICS_IPI;
  return true;
}

/** Takes over what was read of the queue. */
function commit(m: XicsWorld, f: Frame): void {
  if (f.kind !== SCAN.FETCH) return;
  const q = queueOf(m, f);
  q.idx = f.idx;
  q.toggle = f.toggle;
}

/** xive_vm_scan_interrupts up to its answer; what becomes of the answer is the caller's. */
export const scanInterrupts = protocol('xive_vm_scan_interrupts', SCAN_LOCALS, (_p: Combinators<XicsWorld, Frame>) => ({
  pick(m, f) {
    const v = vcpuOf(m, f);
    if (f.hirq !== 0 || (v.mfrr === NO_MFRR && f.pending === 0)) return DONE;
    f.prio = f.pending === 0 ? 0xff : 31 - Math.clz32(f.pending & -f.pending);
    if (f.prio >= v.cppr || f.prio > 7) return 'offerIpi';
    const q = queueOf(m, f);
    Object.assign(f, { idx: q.idx, toggle: q.toggle, hasPage: q.qpage });
    return undefined;
  },
  read(m, f) {
    f.hirq = f.hasPage === 0 ? 0 : xicsOf(m, f).queues.read(queueOf(m, f), f);
    if (f.hirq === XICS_IPI || (f.prio === 0 && f.hasPage === 0)) return undefined;
    return f.hirq === XICS_DUMMY ? 'read' : 'clearPending';
  },
  endSignal(m, f) {
    if (f.kind === SCAN.FETCH) xicsOf(m, f).endVpIpi(f.vcpu);
  },
  passSignal(m, f) {
    commit(m, f);
    return f.hirq === 0 ? undefined : 'read';
  },
  clearPending(m, f) {
    if (f.hirq !== 0) return;
    f.pending &= ~(1 << f.prio);
    const q = queueOf(m, f);
    q.count -= q.pendingCount;
    q.pendingCount = 0;
  },
  prefersIpi: (m, f) => (f.prio >= vcpuOf(m, f).mfrr && offerIpi(m, f) ? DONE : undefined),
  commit(m, f) {
    commit(m, f);
    return 'pick';
  },
  offerIpi: (m, f) => void offerIpi(m, f),
}));
