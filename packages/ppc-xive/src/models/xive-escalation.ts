// The escalation interrupt of a vCPU: re-armed when the vCPU cedes, masked when it enters, freed when the vCPU goes.
// Linux: arch/powerpc/kvm/book3s_xive.c kvmppc_xive_push_vcpu, kvmppc_xive_rearm_escalation, xive_esc_irq, xive_cleanup_single_escalation, kvmppc_xive_cleanup_vcpu.
//
// XIVE raises the escalation when it has an interrupt for a vCPU that is dispatched nowhere. The vCPU's own thread sets PQ of its source by hand, and the handler does not end it, so it fires
// once for every re-arming. `escOn` (xive_esc_on) says that it may fire, or that its entry has not been handled yet.
//
// The corrected form is stricter than Linux 6.12 in its cleanup: the kernel has neither `awaitHandler` nor `keepMasked`, and comes to `disableEscalation` first
// (kvmppc_xive_disable_vcpu_interrupts). That is the variant `xive-escalation-cleared` of the gallery.
//
// Abstraction: single escalation; one priority; the guest takes what is pending as soon as it runs.

import { struct, u1, u8, type ViewOf } from '@virq/irq-core/arena';
import { assert, BLOCKED, DONE, defineFamily, defineModel, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';
import { eoi, freeIrq, HostIrq, type HostIrqView, isBusy, loadSetPq, trigger } from './host-irq.ts';

/**
 * The vCPU. `pushed`: its context is on a thread. An interrupt for the guest is in the context (`ipb`; the pull saves it) or, if that is not pushed, in the VP (`backlog`).
 * `mutex` is vcpu->mutex; `dying` makes the vCPU leave KVM_RUN.
 */
const Vcpu = struct('vcpu', {
  pushed: u1,
  ipb: u1,
  savedIpb: u1,
  backlog: u1,
  irqPending: u1,
  ceded: u1,
  escOn: u1,
  mutex: u1,
  dying: u1,
  aborted: u1,
});

/** One vCPU and its escalation interrupt. */
export interface XiveEscalation {
  readonly irq: HostIrqView;
  readonly vcpu: ViewOf<typeof Vcpu>;
}

const { protocol } = protocolsOn<XiveEscalation>();
const { always, leadsTo, never, quiescent, sometimes } = propertiesOn<XiveEscalation>();

/** Interrupts for the guest, `left` times: into the context of a vCPU that is dispatched, else into its VP and to the escalation. */
export const guestIrq = protocol('XIVE event', { left: u8 }, () => ({
  event(m, f) {
    if (f.left === 0) return DONE;
    f.left--;
    if (m.vcpu.pushed === 1) m.vcpu.ipb = 1;
    else {
      m.vcpu.backlog = 1;
      trigger(m.irq);
    }
    return 'event';
  },
}));

/** A vCPU that enters the guest, handles what is pending there, cedes, and sleeps until it is woken or the VM goes. */
export const runVcpu = protocol('kvmhv_p9_guest_entry', {}, (p) => ({
  push({ vcpu }) {
    Object.assign(vcpu, { pushed: 1, ipb: vcpu.savedIpb | vcpu.backlog, backlog: 0 });
  },
  maskEscalation({ irq, vcpu }) {
    vcpu.irqPending = 0;
    if (vcpu.escOn === 1 && loadSetPq(irq, 0, 1) === 0) vcpu.escOn = 0;
  },
  guest({ vcpu }) {
    vcpu.ipb = 0;
  },
  cede: p.choose(2, ({ vcpu }, _f, _self, choice) => {
    if (choice === 1) return vcpu.dying === 1 ? 'pull' : BLOCKED;
    vcpu.ceded = 1;
    return vcpu.escOn === 1 ? 'abort' : undefined;
  }),
  setEscOn({ vcpu }) {
    vcpu.escOn = 1;
  },
  rearm({ irq }) {
    loadSetPq(irq, 0, 0);
    return 'pull';
  },
  abort({ irq, vcpu }) {
    loadSetPq(irq, 1, 0);
    Object.assign(vcpu, { ceded: 0, aborted: 1 });
  },
  pull({ vcpu }) {
    Object.assign(vcpu, { pushed: 0, savedIpb: vcpu.ipb, ipb: 0 });
  },
  block: p.idle(({ vcpu }) => {
    if (!isWoken(vcpu)) return BLOCKED;
    vcpu.ceded = 0;
    if (vcpu.dying === 0) return 'push';
    vcpu.mutex = 0;
    return DONE;
  }),
}));

/** kvmppc_vcpu_check_block: what the VP holds back is not looked at, for that the escalation is there. */
const isWoken = ({ ceded, irqPending, savedIpb, dying }: XiveEscalation['vcpu']): boolean =>
  ceded === 0 || irqPending === 1 || savedIpb === 1 || dying === 1;

/** The CPU that takes the escalation: xive_esc_irq wakes the vCPU, then says that the entry is handled. The source is not ended. */
export const takeEscalation = protocol('xive_esc_irq', {}, (p) => ({
  take: p.idle(({ irq }) => {
    if (irq.queued === 0) return BLOCKED;
    irq.queued--;
    irq.orphaned = irq.freed;
    return irq.freed === 1 ? DONE : undefined;
  }),
  ...p.spinlocked('desc', (m) => m.irq.desc, {
    begin({ irq }) {
      irq.inProgress = 1 - irq.disabled;
    },
  }),
  wake({ irq, vcpu }) {
    if (irq.inProgress === 0) return 'lock desc (end)';
    vcpu.irqPending = 1;
    return undefined;
  },
  clearEscOn({ vcpu }) {
    vcpu.escOn = 0;
  },
  ...p.spinlocked('desc (end)', (m) => m.irq.desc, {
    end({ irq }) {
      irq.inProgress = 0;
      eoi(irq, true);
    },
  }),
  again: () => 'take',
}));

/**
 * kvmppc_xive_cleanup_vcpu: once the vCPU is out, sets right what the host remembers of the escalation's P bit, which the vCPU's own code did not keep; frees it; then disables the VP,
 * whose ESBs answer with all ones from then on.
 */
export const cleanupVcpu = protocol('kvmppc_xive_cleanup_vcpu', {}, (p) => ({
  kick: p.idle(
    p.choose(2, ({ vcpu }, _f, _self, choice) => {
      if (choice === 0) return DONE;
      vcpu.dying = 1;
      return undefined;
    }),
  ),
  acquire: ({ vcpu }) => (vcpu.mutex === 1 ? BLOCKED : undefined),
  awaitHandler: ({ irq }) => (isBusy(irq) ? BLOCKED : undefined),
  clearStale({ irq }) {
    irq.staleP = 0;
  },
  keepMasked({ irq }) {
    if (irq.p === 0 && irq.q === 1) irq.savedP = 1;
  },
  testEscOn({ irq, vcpu }) {
    if (vcpu.escOn === 0) Object.assign(irq, { staleP: 1, savedP: 0 });
  },
  ...p.include('free', freeIrq),
  disableEscalation({ irq, vcpu }) {
    assert(irq.allOnes === 0, 'the ESB of an END that is disabled is accessed');
    if (vcpu.escOn === 1) loadSetPq(irq, 0, 1);
    vcpu.escOn = 0;
  },
  disableVp({ irq }) {
    irq.allOnes = 1;
  },
}));

const isPending = ({ ipb, savedIpb, backlog }: XiveEscalation['vcpu']): boolean =>
  ipb === 1 || savedIpb === 1 || backlog === 1;

/** A vCPU that cedes while interrupts arrive, until it is destroyed. */
export const xiveEscalation = defineFamily({
  name: 'xive-escalation',
  summary: 'XIVE: a ceded vCPU is woken by its escalation interrupt, and destroyed at some time',
  scope: {
    events: { says: 'interrupts for the guest', default: 2, min: 1, max: 3 },
  },
  build: ({ events }) =>
    defineModel({
      name: 'xive-escalation',
      layout: { irq: HostIrq, vcpu: Vcpu },
      processes: 4,
      protocols: [runVcpu, takeEscalation, guestIrq, cleanupVcpu],
      machine: (root): XiveEscalation => root,
      start(m, spawn) {
        m.irq.q = 1;
        m.vcpu.mutex = 1;
        spawn(runVcpu);
        spawn(takeEscalation);
        spawn(guestIrq, { left: events });
        spawn(cleanupVcpu);
      },
      properties: [
        quiescent(
          'no vCPU sleeps while an interrupt waits for it',
          ({ vcpu }) => vcpu.dying === 1 || !isPending(vcpu),
          {
            consequence: 'the guest hangs until something else wakes the vCPU',
          },
        ),
        leadsTo(
          'an interrupt that waits for a vCPU reaches it',
          ({ vcpu }) => isPending(vcpu),
          ({ vcpu }) => vcpu.dying === 1 || !isPending(vcpu),
        ),
        always('the escalation has one entry in the queue at most', ({ irq }) => irq.queued < 2, {
          consequence: "the host's queue can overflow, for it has room for one entry of each source",
        }),
        never('an entry is taken from the queue whose interrupt is gone', ({ irq }) => irq.orphaned === 1, {
          consequence: 'nobody ends it, and the CPU takes no further interrupt',
        }),
        quiescent('the escalation is freed', ({ irq, vcpu }) => irq.freed === vcpu.dying, {
          consequence: 'free_irq spins for ever: soft lockup',
        }),
        quiescent(
          'nothing of a vCPU that was destroyed is on',
          ({ irq, vcpu }) => vcpu.dying === 0 || (irq.allOnes === 1 && vcpu.escOn === 0),
        ),
        sometimes('a cede is aborted', ({ vcpu }) => vcpu.aborted === 1),
        sometimes(
          'the escalation is freed while its entry is in the queue',
          ({ irq }) => irq.disabled === 1 && irq.queued === 1,
        ),
      ],
    }),
});
