// An interrupt's new route reaches its IRTE: the three forms that KVM has had or was offered. Linux: arch/x86/kvm/svm/avic.c.

import { u1, u8, u16 } from '@virq/irq-core/arena';
import { type Combinators, DONE, protocolsOn } from '@virq/irq-core/protocol';
import { activateGuestMode, deactivateGuestMode, invalidate, writeRuns } from '../iommu/amd.ts';
import { avicOf, type X86World } from './world.ts';

const { protocol } = protocolsOn<X86World>();

/** `irq` counts host irqs from the first message vector; `to` and `from` are 1 + vCPU, 0 for none; `failed` is what irq_set_vcpu_affinity returned. */
const LOCALS = { vm: u8, irqfd: u16, irq: u16, to: u16, from: u16, vector: u8, failed: u1 } as const;
type Frame = { -readonly [K in keyof typeof LOCALS]: number };

/** amd_ir_set_vcpu_affinity: guest mode towards the vCPU, by what its own copy of the table entry says at this moment. Host mode if AVIC is off. */
export function program(m: X86World, f: Frame): void {
  const a = avicOf(m, f);
  const vcpu = f.to - 1;
  const d = a.host.irq(f.irq);
  d.gaVector = f.vector;
  if (!a.isActive(vcpu)) {
    deactivateGuestMode(d);
    return;
  }
  const { entry } = a.at(vcpu);
  const target = { frame: a.frameOf(vcpu), vector: f.vector, tag: a.tagOf(vcpu) };
  const cpu = entry.isRunning === 1 ? entry.hostId : -1;
  activateGuestMode(d, target, { cpu, log: a.profile.logsOnlyBlocking ? entry.gaLogIntr : 1 });
}

const flush = (m: X86World, f: Frame): void => invalidate(avicOf(m, f).host.irq(f.irq));

const irqfdOf = (m: X86World, f: Frame) => (m.kvms[f.vm] as X86World['kvms'][number]).state.irqfds.at(f.irqfd);

/** irq_bypass_vcpu; whoever waits for the update goes on. */
function remember(m: X86World, f: Frame): void {
  const irqfd = irqfdOf(m, f);
  irqfd.irteVcpu = f.to;
  irqfd.irteBusy = 0;
}

/** trace_kvm_pi_irte_update. */
function traceUpdate(m: X86World, f: Frame): void {
  const a = avicOf(m, f);
  if (!a.trace.on) return;
  const set = f.to === 0 ? 0 : 1;
  const address = set ? a.frameOf(f.to - 1) * 4096 : 0;
  const fields = { set, irq: a.host.linuxIrq(f.irq), vcpu: f.to - 1, gsi: irqfdOf(m, f).gsi, gvec: f.vector, address };
  a.trace.emit('kvm_pi_irte_update', fields);
}

/**
 * avic_pi_update_irte (6.17), under irqfds.lock: the irqfd knows the vCPU on whose list it is, so that it leaves that list first (0a917e9d4b70), then
 * the entry is written and the new list joined under the new vCPU's lock (f3cebc75e742, 4c08e737f056).
 */
export const avicPiUpdateIrte = protocol('avic_pi_update_irte', LOCALS, (p: Combinators<X86World, Frame>) => ({
  hasPrevious(m, f) {
    f.from = irqfdOf(m, f).irteVcpu;
    if (f.from === 0 && f.to === 0) return DONE;
    return f.from === 0 ? 'hasTarget' : undefined;
  },
  ...p.spinlocked('ir_list (previous)', (m, f) => avicOf(m, f).at(f.from - 1).irListLock, {
    deletePrevious: (m, f) =>
      avicOf(m, f)
        .at(f.from - 1)
        .irList.delete(f.irq),
  }),
  hasTarget: (_m, f) => (f.to === 0 ? 'hostMode' : undefined),
  ...p.spinlocked('ir_list', (m, f) => avicOf(m, f).at(f.to - 1).irListLock, {
    canPost(m, f) {
      f.failed = avicOf(m, f).host.irq(f.irq).remapOnly;
      return f.failed === 1 ? 'unlock ir_list' : undefined;
    },
    program,
    flush,
    join: (m, f) =>
      avicOf(m, f)
        .at(f.to - 1)
        .irList.add(f.irq),
  }),
  isPosted(_m, f) {
    if (f.failed === 1) f.to = 0;
    return 'remember';
  },
  hostMode: (m, f) => void deactivateGuestMode(avicOf(m, f).host.irq(f.irq)),
  flushHost: flush,
  remember(m, f) {
    remember(m, f);
    if (f.failed === 0) traceUpdate(m, f);
  },
}));

/** amd_ir_set_vcpu_affinity before 6.17: the previous tag is handed back, the entry starts without IsRun. */
export function programFirst(m: X86World, f: Frame): void {
  const a = avicOf(m, f);
  const d = a.host.irq(f.irq);
  f.from = d.cachedGaTag === 0 ? 0 : 1 + a.vcpuOfTag(d.cachedGaTag);
  if (f.to !== 0 && !a.isActive(f.to - 1)) f.to = 0;
  d.cachedGaTag = f.to === 0 ? 0 : a.tagOf(f.to - 1);
  if (f.to === 0) {
    deactivateGuestMode(d);
    return;
  }
  const target = { frame: a.frameOf(f.to - 1), vector: f.vector, tag: d.cachedGaTag };
  activateGuestMode(d, target, { cpu: -1, log: 1 });
}

/** svm_ir_list_add, 6.6: an entry that joins the list of a running vCPU is told so. */
function joinAndTell(m: X86World, f: Frame): void {
  const a = avicOf(m, f);
  const { irList, entry } = a.at(f.to - 1);
  if (entry.isRunning === 1) writeRuns(a.host.irq(f.irq).entry, entry.hostId, 1);
  irList.add(f.irq);
}

/** avic_pi_update_irte from 4.9 to 6.16: the entry first, then a wrapper moves from the list that the previous tag names to the new one. */
export const avicUpdatePiIrteWrapper = protocol(
  'avic_pi_update_irte (4.9)',
  LOCALS,
  (p: Combinators<X86World, Frame>) => ({
    program: programFirst,
    flush,
    hasPrevious: (_m, f) => (f.from === 0 ? 'hasTarget' : undefined),
    ...p.spinlocked('ir_list (previous)', (m, f) => avicOf(m, f).at(f.from - 1).irListLock, {
      deletePrevious: (m, f) =>
        avicOf(m, f)
          .at(f.from - 1)
          .irList.delete(f.irq),
    }),
    hasTarget: (_m, f) => (f.to === 0 ? 'remember' : undefined),
    ...p.spinlocked('ir_list', (m, f) => avicOf(m, f).at(f.to - 1).irListLock, { join: joinAndTell }),
    remember(m, f) {
      remember(m, f);
      traceUpdate(m, f);
    },
  }),
);

/** The form under review in August 2016: looked for the entry on the new list only, and never took it off another. */
export const avicUpdatePiIrteReview = protocol(
  'avic_update_pi_irte (review)',
  LOCALS,
  (p: Combinators<X86World, Frame>) => ({
    program: programFirst,
    flush,
    hasTarget: (_m, f) => (f.to === 0 ? 'remember' : undefined),
    ...p.spinlocked('ir_list', (m, f) => avicOf(m, f).at(f.to - 1).irListLock, {
      isListed: (m, f) =>
        avicOf(m, f)
          .at(f.to - 1)
          .irList.has(f.irq)
          ? 'unlock ir_list'
          : undefined,
      join: joinAndTell,
    }),
    remember(m, f) {
      remember(m, f);
      traceUpdate(m, f);
    },
  }),
);

/** Forms of the update, by the name of the `update_pi_irte` option. */
export const UPDATE_PI_IRTE = {
  irqfd: avicPiUpdateIrte,
  wrapper: avicUpdatePiIrteWrapper,
  review: avicUpdatePiIrteReview,
} as const;
/** One of them. */
export type UpdateForm = keyof typeof UPDATE_PI_IRTE;
