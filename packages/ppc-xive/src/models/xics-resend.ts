// An interrupt that the presenter refuses is parked in its ICS and sent again when the CPPR falls: need_resend, resend flag and resend_map, without a common lock.
// Linux: arch/powerpc/kvm/book3s_xics.c icp_deliver_irq, icp_try_to_deliver, icp_down_cppr, icp_check_resend, ics_check_resend, kvmppc_h_cppr.
//
// The ICP is one 64-bit word that changes by compare and swap, so each of its updates is one step. The ICS has a lock, which the vCPU's search for
// parked interrupts does not take before it has found one.
//
// Abstraction: one server, MSIs of one priority (Linux guests give all devices the same), no IPI (MFRR stays 0xFF), no masking, no change of server.

import { array, bitmap, struct, u1, u8, type ViewOf } from '@virq/irq-core/arena';
import { BLOCKED, DONE, defineFamily, defineModel, lock, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';

/** Sources and ICSs of the model. */
const [SOURCES, ICSS] = [2, 2];
/** The least favoured CPPR, which accepts everything; as a pending priority, none. */
const LEAST_FAVOURED = 0xff;
/** Priority of both sources. */
const PRIORITY = 5;

/** struct ics_irq_state: P, Q and whether it is parked. `mapped` is its bit in a bitmap of the ICS that the kernel does not have (the gallery's `xics-resend-bitmap`). */
const Source = struct('source', { ics: u8, p: u1, q: u1, resend: u1, mapped: u1, sent: u8, handled: u8 });
const Ics = struct('ics', { icsLock: lock });
/** union kvmppc_icp_state, which changes as a whole, and the map of ICSs with parked interrupts. `serving` is what the vCPU handles. */
const Icp = struct('icp', {
  cppr: u8,
  pendingPri: u8,
  xisr: u8,
  needResend: u1,
  resendMap: bitmap(ICSS),
  serving: u8,
});
const [Sources, Icss] = [array(Source, SOURCES), array(Ics, ICSS)];

/** Two sources, their ICSs, and one presenter. */
export interface XicsResend {
  readonly sources: ViewOf<typeof Sources>;
  readonly icss: ViewOf<typeof Icss>;
  readonly icp: ViewOf<typeof Icp>;
}

const { protocol } = protocolsOn<XicsResend>();
const { always, leadsTo, quiescent, sometimes } = propertiesOn<XicsResend>();

/** XISR, and every local that names an interrupt, is the number of the source plus one; 0 is none. */
const sourceOf = (m: XicsResend, irq: number) => m.sources.at(irq - 1);

/** Whether the presenter takes a further interrupt now. */
const accepts = ({ icp }: XicsResend): boolean => icp.cppr > PRIORITY && icp.pendingPri > PRIORITY;

const delivery = { irq: u8, checkResend: u1, next: u8 };

/** icp_deliver_irq: presents an interrupt, then the one that it displaced; or parks it, and looks once more. */
export const deliver = protocol('icp_deliver_irq', delivery, (p) => ({
  ...p.spinlocked('ics', (m, f) => m.icss.at(sourceOf(m, f.irq).ics).icsLock, {
    checkResend: (m, f) => (f.checkResend === 1 && sourceOf(m, f.irq).resend === 0 ? 'unlock ics' : undefined),
    clearResend(m, f) {
      sourceOf(m, f.irq).resend = 0;
    },
    tryToDeliver(m, f) {
      if (accepts(m)) {
        f.next = m.icp.xisr;
        Object.assign(m.icp, { xisr: f.irq, pendingPri: PRIORITY });
        return 'unlock ics';
      }
      m.icp.needResend = 1;
      return undefined;
    },
    setResend(m, f) {
      sourceOf(m, f.irq).resend = 1;
    },
    setMap(m, f) {
      m.icp.resendMap.add(sourceOf(m, f.irq).ics);
    },
    recheck: (m) => (m.icp.needResend === 0 ? undefined : 'unlock ics'),
    retract(m, f) {
      sourceOf(m, f.irq).resend = 0;
      f.next = f.irq;
    },
  }),
  again(_m, f) {
    Object.assign(f, { irq: f.next, checkResend: 0, next: 0 });
    return f.irq === 0 ? DONE : 'lock ics';
  },
}));

/** ics_deliver_irq: a device's MSI, `left` times. P and Q change by compare and swap; only 00 → P presents. */
export const sendMsi = protocol('ics_deliver_irq', { ...delivery, source: u8, left: u8 }, (p) => ({
  trigger(m, f) {
    const s = m.sources.at(f.source);
    const wasPresented = s.p === 1;
    s.sent++;
    s.p = 1;
    if (wasPresented) s.q = 1;
    else f.irq = f.source + 1;
    return wasPresented ? 'again' : undefined;
  },
  ...p.include('deliver', deliver),
  again(_m, f) {
    if (f.left === 0) return DONE;
    f.left--;
    return 'trigger';
  },
}));

/** H_XIRR: takes the pending interrupt, the CPPR becomes its priority. */
function accept({ icp }: XicsResend): number {
  const irq = icp.xisr;
  Object.assign(icp, { cppr: icp.pendingPri, pendingPri: LEAST_FAVOURED, xisr: 0, serving: irq });
  return irq;
}

/** H_CPPR to 0: nothing may interrupt; what is pending is rejected. */
function closePriority({ icp }: XicsResend): number {
  const rejected = icp.xisr;
  Object.assign(icp, { cppr: 0, pendingPri: LEAST_FAVOURED, xisr: 0 });
  return rejected;
}

/** EOI at the source: Q becomes P. Returns the interrupt if it has to be presented again. */
function eoi(m: XicsResend, irq: number): number {
  const s = sourceOf(m, irq);
  s.handled++;
  Object.assign(s, { p: s.q, q: 0 });
  m.icp.serving = 0;
  return s.p === 1 ? irq : 0;
}

/** Goes on with the next ICS, or ends the search. */
function nextIcs(f: { ics: number; source: number }): 'checkMap' | 'eoi' {
  Object.assign(f, { source: 0, ics: (f.ics + 1) % ICSS });
  return f.ics === 0 ? 'eoi' : 'checkMap';
}

/** What a vCPU goes on with after a delivery of its own. */
export const AFTER = { REJECT: 0, SEARCH: 1, EOI: 2 } as const;

/** One step of the search through an ICS: looks at the next source, takes no lock. `isMarked` says whether it looks parked. */
export function findParked(
  { sources }: XicsResend,
  f: { irq: number; checkResend: number; ics: number; source: number },
  isMarked: (source: ViewOf<typeof Source>) => boolean,
): 'checkMap' | 'checkSource' | 'eoi' | undefined {
  if (f.source === SOURCES) return nextIcs(f);
  const s = sources.at(f.source++);
  if (s.ics !== f.ics || !isMarked(s)) return 'checkSource';
  Object.assign(f, { irq: f.source, checkResend: 1 });
  return undefined;
}

/**
 * A vCPU that takes interrupts and, `masks` times, shuts them out with H_CPPR. Both end with icp_down_cppr: CPPR and need_resend change in one step, then,
 * if need_resend was set, the ICSs in the map are searched for parked interrupts.
 */
export const guestCpu = protocol(
  'vCPU, icp_down_cppr',
  { ...delivery, ended: u8, masks: u8, ics: u8, source: u8, after: u8 },
  (p) => ({
    wait: p.idle(
      p.choose(2, (m, f, _self, choice) => {
        if (choice === 0) return m.icp.xisr === 0 ? BLOCKED : 'accept';
        if (f.masks === 0) return BLOCKED;
        f.masks--;
        return 'close';
      }),
    ),
    accept(m, f) {
      f.ended = accept(m);
      return 'downCppr';
    },
    close(m, f) {
      f.irq = closePriority(m);
      return f.irq === 0 ? 'downCppr' : 'send';
    },
    downCppr(m) {
      m.icp.cppr = LEAST_FAVOURED;
      const search = m.icp.needResend === 1;
      m.icp.needResend = 0;
      return search ? undefined : 'eoi';
    },
    checkMap(m, f) {
      if (!m.icp.resendMap.has(f.ics)) return nextIcs(f);
      m.icp.resendMap.delete(f.ics);
      return undefined;
    },
    checkSource(m, f) {
      f.after = AFTER.SEARCH;
      return findParked(m, f, (s) => s.resend === 1) ?? 'send';
    },
    eoi(m, f) {
      f.irq = f.ended === 0 ? 0 : eoi(m, f.ended);
      Object.assign(f, { ended: 0, after: f.irq === 0 ? AFTER.REJECT : AFTER.EOI });
      return f.irq === 0 ? 'wait' : undefined;
    },
    send: () => undefined,
    ...p.include('deliver', deliver),
    next(_m, f) {
      const { after } = f;
      f.after = AFTER.REJECT;
      return after === AFTER.REJECT ? 'downCppr' : after === AFTER.SEARCH ? 'checkSource' : 'wait';
    },
  }),
);

/** Nobody has taken need_resend, and nobody is changing the source. */
const isParked = (m: XicsResend, i: number): boolean => {
  const { ics, resend } = m.sources.at(i);
  return resend === 1 && m.icp.needResend === 1 && m.icss.at(ics).icsLock.holder === 0;
};

const over = { over: SOURCES };

/** Asked in the smallest size only, for it forbids to take steps together that nobody notices. */
const isEnded = leadsTo(
  'what was presented once is ended',
  (m, i) => m.sources.at(i).p === 1,
  (m, i) => m.sources.at(i).p === 0,
  over,
);

/** Two devices interrupt a vCPU that shuts interrupts out for a while. */
export const xicsResend = defineFamily({
  name: 'xics-resend',
  summary: 'XICS: an interrupt that its vCPU refuses is parked, and sent again when the CPPR falls',
  scope: {
    icss: { says: 'ICSs that the sources are spread over', default: 2, min: 1, max: 2 },
    masks: { says: 'times the vCPU shuts interrupts out', default: 1, min: 1, max: 2 },
    msis: { says: 'MSIs of each device', default: 1, min: 1, max: 2 },
  },
  build: ({ icss, masks, msis }) =>
    defineModel({
      name: 'xics-resend',
      layout: { sources: Sources, icss: Icss, icp: Icp },
      processes: 1 + SOURCES,
      protocols: [sendMsi, guestCpu],
      machine: (root): XicsResend => root,
      start(m, spawn) {
        Object.assign(m.icp, { cppr: LEAST_FAVOURED, pendingPri: LEAST_FAVOURED });
        spawn(guestCpu, { masks });
        for (let i = 0; i < SOURCES; i++) {
          m.sources.at(i).ics = i % icss;
          spawn(sendMsi, { source: i, left: msis - 1 });
        }
      },
      properties: [
        ...(masks === 1 && msis === 1 ? [isEnded] : []),
        quiescent('what a device sent is handled', (m, i) => m.sources.at(i).p === 0 && m.sources.at(i).handled > 0, {
          ...over,
          consequence: 'the interrupt stays parked in its ICS and the device waits for ever',
        }),
        always(
          'an interrupt waits for a resend only while its vCPU would not take it',
          (m, i) => !(isParked(m, i) && accepts(m)),
          {
            ...over,
            consequence: 'the interrupt is late: it waits until the vCPU ends another one',
          },
        ),
        always(
          'an interrupt is not presented while it is being handled',
          ({ icp }) => icp.xisr === 0 || icp.xisr !== icp.serving,
        ),
        always(
          'no interrupt is handled more often than it was sent',
          (m, i) => m.sources.at(i).handled <= m.sources.at(i).sent,
          over,
        ),
        sometimes('an interrupt is parked', isParked, over),
        sometimes('Q is set', (m) => msis === 1 || m.sources.at(0).q === 1),
      ],
    }),
});
