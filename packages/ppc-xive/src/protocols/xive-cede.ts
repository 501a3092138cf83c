// A vCPU enters and leaves its thread's XIVE context, cedes, and is woken by its escalation interrupt. Linux 7.3: arch/powerpc/kvm/book3s_xive.c, book3s_hv.c kvmhv_run_single_vcpu.

import { u1, u8, u16 } from '@virq/irq-core/arena';
import { BLOCKED, DONE, protocolsOn, replace } from '@virq/irq-core/protocol';
import type { VcpuRun } from '../guest/run.ts';
import { PQ } from '../hw/esb.ts';

/** VMs as these protocols see them. */
export interface RunWorld {
  readonly vms: readonly { readonly chip: { readonly run: VcpuRun } }[];
}

const { protocol } = protocolsOn<RunWorld>();

/** `p`: P of the escalation interrupt when it was masked. */
const LOCALS = { vm: u8, vcpu: u16, p: u1 } as const;
type Frame = { vm: number; vcpu: number };

const runOf = (m: RunWorld, f: Frame): VcpuRun => (m.vms[f.vm] as RunWorld['vms'][number]).chip.run;
const isCalled = (m: RunWorld, f: Frame): boolean => runOf(m, f).run(f.vcpu).signal === 1;
const vcpuOf = (m: RunWorld, f: Frame) => runOf(m, f).at(f.vcpu);

/**
 * kvmppc_xive_push_vcpu: words 0 and 1, then word 2. An escalation interrupt that is on is switched off; if P was set it is on its way to the host, whose
 * handler will clear xive_esc_on.
 */
export const pushVcpu = protocol('kvmppc_xive_push_vcpu', LOCALS, () => ({
  words(m, f) {
    if (!runOf(m, f).hasContext(f.vcpu)) return DONE;
    runOf(m, f).restoreWords(f.vcpu);
    return undefined;
  },
  word2: (m, f) => runOf(m, f).pushContext(f.vcpu),
  pushed(m, f) {
    Object.assign(vcpuOf(m, f), { pushed: 1, irqPending: 0 });
  },
  maskEscalation(m, f) {
    if (vcpuOf(m, f).escOn === 0) return DONE;
    f.p = runOf(m, f).setEscalation(f.vcpu, PQ.OFF) >>> 1;
    return undefined;
  },
  clearEscOn(m, f) {
    if (f.p === 0) vcpuOf(m, f).escOn = 0;
  },
}));

/** kvmppc_xive_pull_vcpu: the thread no longer answers, then its words are read. */
export const pullVcpu = protocol('kvmppc_xive_pull_vcpu', LOCALS, () => ({
  pull(m, f) {
    if (vcpuOf(m, f).pushed === 0) return DONE;
    runOf(m, f).pullContext(f.vcpu);
    return undefined;
  },
  words: (m, f) => runOf(m, f).saveWords(f.vcpu),
  pulled(m, f) {
    runOf(m, f).fixWords(f.vcpu);
    vcpuOf(m, f).pushed = 0;
  },
}));

/**
 * kvmppc_xive_rearm_escalation, while the context is still on the thread. If the last escalation has not been handled, the cede is off, and PQ is
 * set to 10: with 00 it could fire again and take a second entry of the host's queue.
 */
export const rearmEscalation = protocol('kvmppc_xive_rearm_escalation', LOCALS, () => ({
  isOn(m, f) {
    const v = vcpuOf(m, f);
    if (v.escPage === 0) return DONE;
    return v.escOn === 0 ? 'setEscOn' : undefined;
  },
  holdBack: (m, f) => void runOf(m, f).setEscalation(f.vcpu, PQ.PENDING),
  abort(m, f) {
    vcpuOf(m, f).ceded = 0;
    return DONE;
  },
  setEscOn(m, f) {
    vcpuOf(m, f).escOn = 1;
  },
  unmask: (m, f) => void runOf(m, f).setEscalation(f.vcpu, PQ.RESET),
}));

/** kvmhv_run_single_vcpu up to the guest: an interrupt that is known to wait is given to it at once. */
export const enterGuest = protocol('kvmhv_run_single_vcpu (entry)', LOCALS, (p) => ({
  awake(m, f) {
    vcpuOf(m, f).ceded = 0;
  },
  inject(m, f) {
    if (runOf(m, f).isInterruptPending(f.vcpu)) runOf(m, f).run(f.vcpu).external = 1;
  },
  ...p.include('push', pushVcpu),
  enter: (m, f) => runOf(m, f).enter(f.vcpu),
}));

/** H_CEDE: the vCPU sleeps unless something waits for it; woken, it enters the guest again. A signal ends KVM_RUN instead. */
export const cedeVcpu = protocol('kvmppc_cede', LOCALS, (p) => ({
  cede(m, f) {
    runOf(m, f).leave(f.vcpu);
    vcpuOf(m, f).ceded = 1;
  },
  ...p.include('rearm', rearmEscalation),
  ...p.include('pull', pullVcpu),
  announce: (m, f) => runOf(m, f).kvm.vcpus.block(f.vcpu),
  look: (m, f) => (isCalled(m, f) || runOf(m, f).mustStayAwake(f.vcpu) ? 'wake' : undefined),
  sleep: p.idle((m, f) => (runOf(m, f).kvm.vcpus.isBlocking(f.vcpu) ? BLOCKED : 'announce')),
  wake: (m, f) => runOf(m, f).kvm.vcpus.unblock(f.vcpu),
  signal(m, f) {
    if (!isCalled(m, f)) return undefined;
    runOf(m, f).run(f.vcpu).signal = 0;
    return DONE;
  },
  ...p.include('entry', enterGuest),
}));

/**
 * Corrected: the words are read also where hardware has saved them (POWER10), so that the look before the sleep sees what came during H_CEDE. The kernel reads
 * nothing there, and looks at the words that the vCPU was connected with.
 */
export const cedeVcpuCorrected = replace(cedeVcpu, 'pull.words', (m, f) => runOf(m, f).readWords(f.vcpu));

/** A signal for the thread of a vCPU that sleeps: over once KVM_RUN has returned. */
export const signalVcpu = protocol('kick of a vCPU thread', { vm: u8, vcpu: u16 }, () => ({
  send(m, f) {
    runOf(m, f).run(f.vcpu).signal = 1;
    runOf(m, f).kvm.vcpus.kick(f.vcpu);
  },
  wait: (m, f) => (isCalled(m, f) ? BLOCKED : undefined),
}));

/** xive_esc_irq on some CPU of the host, which has taken the entry out of its queue. With single escalation the source is not ended: it fires once, until the next cede. */
export const escIrq = protocol('xive_esc_irq', { vm: u8, vcpu: u16, priority: u8 }, () => ({
  take(m, f) {
    runOf(m, f).run(f.vcpu).escQueued--;
  },
  setPending(m, f) {
    vcpuOf(m, f).irqPending = 1;
  },
  kick(m, f) {
    if (vcpuOf(m, f).ceded === 1) runOf(m, f).kvm.vcpus.kick(f.vcpu);
  },
  clearEscOn(m, f) {
    vcpuOf(m, f).escOn = 0;
  },
  eoi: (m, f) => runOf(m, f).eoiEscalation(f.vcpu, f.priority),
}));

/** Protocols of the run loop. */
export const RUN_PROTOCOLS = [enterGuest, pullVcpu, cedeVcpu, cedeVcpuCorrected, signalVcpu, escIrq];
