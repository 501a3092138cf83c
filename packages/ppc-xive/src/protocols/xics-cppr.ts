// H_CPPR, and how it gives away interrupts of its queues that have another target by now. Linux: arch/powerpc/kvm/book3s_xive.c xive_vm_h_cppr, xive_vm_scan_for_rerouted_irqs.

import { bits, u1, u8, u16, u32 } from '@virq/irq-core/arena';
import { type Combinators, DONE, type Protocol, protocolsOn } from '@virq/irq-core/protocol';
import { ESB, ESB_PAGE } from '../hw/esb.ts';
import { Q_COUNT } from '../kvm/layout.ts';
import { fromGuest } from '../kvm/priority.ts';
import { XICS_DUMMY, XICS_IPI } from '../xics/numbers.ts';
import { type XicsWorld, xicsOf } from './xics-world.ts';

const { protocol } = protocolsOn<XicsWorld>();

/** `prio` is the queue that is looked through, `irq` the source of the entry at `idx`, `source` 1 + index of its hardware source. */
const REROUTE_LOCALS = { vm: u8, vcpu: u16, prio: u8, idx: bits(22), toggle: u1, irq: u32, source: u16 } as const;
type Frame = { -readonly [K in keyof typeof REROUTE_LOCALS]: number };

const queueOf = (m: XicsWorld, f: Frame) => xicsOf(m, f).vcpus.at(f.vcpu).queues.at(f.prio);

/** First queue with memory from `prio` on: the cursor goes to its first entry. */
function openQueue(m: XicsWorld, f: Frame): typeof DONE | undefined {
  while (f.prio < Q_COUNT && queueOf(m, f).qpage === 0) f.prio++;
  if (f.prio >= Q_COUNT) return DONE;
  const q = queueOf(m, f);
  Object.assign(f, { idx: q.idx, toggle: q.toggle });
  return undefined;
}

/** The entry at the cursor: false at the end of the queue. */
function readEntry(m: XicsWorld, f: Frame): boolean {
  const word = xicsOf(m, f).queues.entry(queueOf(m, f), f.idx);
  f.irq = word & 0x7fffffff;
  return word >>> 31 !== f.toggle;
}

/** Whether the entry at the cursor belongs to another server now. */
function isRerouted(m: XicsWorld, f: Frame): boolean {
  const xics = xicsOf(m, f);
  if (f.irq === XICS_DUMMY || f.irq === XICS_IPI) return false;
  const s = xics.sources.find(f.irq);
  return s !== null && s.actServer !== xics.vcpus.at(f.vcpu).serverNum;
}

/** The entry becomes one that nobody takes; `source` is what it came from. */
function takeOut(m: XicsWorld, f: Frame): void {
  const xics = xicsOf(m, f);
  const q = queueOf(m, f);
  xics.queues.setEntry(q, f.idx, ((xics.queues.entry(q, f.idx) & 0x80000000) | XICS_DUMMY) >>> 0);
  f.source = xics.sources.select(xics.source(f.irq)) + 1;
}

/** PQ := 11, so that the EOI that follows sends it again; an LSI does that by itself. */
function setQueued(m: XicsWorld, f: Frame): void {
  const { sources } = xicsOf(m, f).xive;
  if (sources.at(f.source - 1).lsi === 0) sources.load(f.source - 1, ESB_PAGE.MANAGEMENT, ESB.SET_PQ_11);
}

const nextEntry = (m: XicsWorld, f: Frame): 'entry' => {
  xicsOf(m, f).queues.next(queueOf(m, f), f);
  return 'entry';
};
const nextQueue = (_m: XicsWorld, f: Frame): 'open' => {
  f.prio++;
  return 'open';
};

/** The scan as KVM has it: it takes no lock. */
export const scanRerouted = protocol(
  'xive_vm_scan_for_rerouted_irqs',
  REROUTE_LOCALS,
  (_p: Combinators<XicsWorld, Frame>) => ({
    open: openQueue,
    entry(m, f) {
      if (!readEntry(m, f)) return 'nextQueue';
      return isRerouted(m, f) ? undefined : 'nextEntry';
    },
    takeOut,
    setQueued,
    eoi: (m, f) => xicsOf(m, f).endSource(f.source - 1),
    nextEntry,
    nextQueue,
  }),
);

/**
 * The scan with the lock of the source's block, so that nobody masks it between its PQ being set to 11 and its EOI. It is what the race between
 * this scan and ibm,int-off asks for; Linux does not have it.
 */
export const scanReroutedLocked = protocol(
  'xive_vm_scan_for_rerouted_irqs (locked)',
  REROUTE_LOCALS,
  (p: Combinators<XicsWorld, Frame>) => ({
    open: openQueue,
    entry(m, f) {
      if (!readEntry(m, f)) return 'nextQueue';
      return isRerouted(m, f) ? undefined : 'nextEntry';
    },
    ...p.locked('sb', (m, f) => xicsOf(m, f).blockLock(f.irq), {
      takeOut,
      setQueued,
      eoi: (m, f) => xicsOf(m, f).endSource(f.source - 1),
    }),
    nextEntry,
    nextQueue,
  }),
);

export const CPPR_LOCALS = { ...REROUTE_LOCALS, cppr: u8, old: u8 } as const;
type CpprFrame = { -readonly [K in keyof typeof CPPR_LOCALS]: number };

/** H_CPPR over a form of the scan. */
const hCpprWith = (name: string, scan: Protocol<XicsWorld, typeof REROUTE_LOCALS>) =>
  protocol(name, CPPR_LOCALS, (p: Combinators<XicsWorld, CpprFrame>) => ({
    setCppr(m, f) {
      const v = xicsOf(m, f).vcpus.at(f.vcpu);
      Object.assign(f, { cppr: fromGuest(f.cppr), old: v.cppr });
      v.cppr = f.cppr;
      f.prio = f.cppr > f.old ? Q_COUNT : f.cppr;
    },
    ...p.include('scan', scan as never),
    pushPending(m, f) {
      if (f.cppr > f.old) xicsOf(m, f).pushPending(f.vcpu);
    },
    writeCppr(m, f) {
      xicsOf(m, f).writeCppr(f.vcpu);
    },
  }));

/** H_CPPR: closing gives away what has another target, opening makes the presenter look again. */
export const hCppr = hCpprWith('xive_vm_h_cppr', scanRerouted);
/** H_CPPR over {@link scanReroutedLocked}. */
export const hCpprLocked = hCpprWith('xive_vm_h_cppr (locked)', scanReroutedLocked);
