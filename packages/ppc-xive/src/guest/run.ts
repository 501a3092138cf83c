// What KVM does with a vCPU's XIVE context around guest entry and exit, one access a function. Linux: book3s_xive.c kvmppc_xive_{push,pull}_vcpu, kvmppc_xive_rearm_escalation, xive_esc_irq; book3s_hv.c.

import { ModelError } from '@virq/irq-core/errors';
import { ESB } from '../hw/esb.ts';
import { TM_PAGE } from '../hw/tima.ts';
import type { Context } from '../kvm/context.ts';
import type { XiveVcpu } from '../kvm/layout.ts';
import { escIrq } from '../protocols/xive-cede.ts';
import type { GuestState, RunVcpu } from './layout.ts';

/** Word 2, bit 1: hardware saves and restores the context (POWER10). */
const W2_SAVE_RESTORE = 0x40000000;
const OS_RING = 0x10;
const WORD2 = 0x18;
const PULL_OS = 0x818;
/** Bytes of the OS ring that KVM puts right after a pull: LSMFB 0, ACK# 0xFF. */
const LSMFB = 0x000000ff;
const ACK = 0xff000000;

/** A vCPU's context and its escalation interrupt. */
export interface VcpuRun {
  readonly vm: number;
  readonly kvm: Context['kvm'];
  at(vcpu: number): XiveVcpu;
  run(vcpu: number): RunVcpu;
  /** The thread it is on; a ModelError for one that is on none. */
  thread(vcpu: number): number;
  /** It runs guest code from here on, or no more. */
  enter(vcpu: number): void;
  leave(vcpu: number): void;
  /** False for a vCPU that is not connected to a device. */
  hasContext(vcpu: number): boolean;
  /** Words 0 and 1 to the OS ring, unless hardware keeps them. */
  restoreWords(vcpu: number): void;
  /** Word 2: from here on the thread answers for the vCPU. */
  pushContext(vcpu: number): void;
  pullContext(vcpu: number): void;
  /** Words 0 and 1 from the OS ring, unless hardware has saved them. */
  saveWords(vcpu: number): void;
  /** The same in any case. */
  readWords(vcpu: number): void;
  fixWords(vcpu: number): void;
  /** SET_PQ of its escalation interrupt: the old PQ. */
  setEscalation(vcpu: number, pq: number): number;
  /** xive_interrupt_pending. */
  isInterruptPending(vcpu: number): boolean;
  /** kvmppc_vcpu_check_block: nothing keeps it from sleeping when this is false. */
  mustStayAwake(vcpu: number): boolean;
  /** The host's end of interrupt of the escalation: nothing with single escalation (NO_EOI). */
  eoiEscalation(vcpu: number, priority: number): void;
}

/** Creates it. */
export function createVcpuRun(ctx: Context, guest: GuestState): VcpuRun {
  const { state, host } = ctx;
  const { tima, router } = host.xive;
  const words = { hi: 0, lo: 0 };
  const RING = { offset: OS_RING, size: 8 } as const;
  const CAM = { offset: WORD2, size: 4 } as const;
  const PULL = { offset: PULL_OS, size: 4 } as const;

  const at = (vcpu: number): XiveVcpu => state.vcpus.at(vcpu);
  const isSaved = (v: XiveVcpu): boolean => (v.cam & W2_SAVE_RESTORE) !== 0;

  function thread(vcpu: number): number {
    const on = at(vcpu).thread - 1;
    if (on < 0) throw new ModelError(`vCPU ${vcpu} is on no thread`);
    return on;
  }

  function readWords(vcpu: number): void {
    const v = at(vcpu);
    const lo = tima.load(thread(vcpu), TM_PAGE.HV, RING);
    v.savedHi = tima.hi;
    v.savedLo = lo;
  }

  function isInterruptPending(vcpu: number): boolean {
    const v = at(vcpu);
    return v.irqPending === 1 || (v.savedLo & 0xff) < ((v.savedHi >>> 16) & 0xff);
  }

  return {
    vm: ctx.vm,
    kvm: ctx.kvm,
    at,
    run: (vcpu) => guest.vcpus.at(vcpu),
    thread,
    enter(vcpu) {
      ctx.kvm.vcpus.enterGuest(vcpu);
      guest.vcpus.at(vcpu).inGuest = 1;
      if (ctx.trace.on) ctx.trace.emit('kvm_guest_enter', { vcpu });
    },
    leave(vcpu) {
      ctx.kvm.vcpus.exitGuest(vcpu);
      guest.vcpus.at(vcpu).inGuest = 0;
    },
    hasContext: (vcpu) => at(vcpu).cam !== 0,
    restoreWords(vcpu) {
      const v = at(vcpu);
      if (isSaved(v)) return;
      words.hi = v.savedHi;
      words.lo = v.savedLo;
      tima.store(thread(vcpu), TM_PAGE.HV, RING, words);
    },
    pushContext(vcpu) {
      words.hi = 0;
      words.lo = at(vcpu).cam;
      tima.store(thread(vcpu), TM_PAGE.HV, CAM, words);
    },
    pullContext: (vcpu) => void tima.load(thread(vcpu), TM_PAGE.HV, PULL),
    saveWords(vcpu) {
      if (!isSaved(at(vcpu))) readWords(vcpu);
    },
    readWords,
    fixWords(vcpu) {
      const v = at(vcpu);
      v.savedHi = (v.savedHi & ~LSMFB) >>> 0;
      v.savedLo = (v.savedLo | ACK) >>> 0;
    },
    setEscalation(vcpu, pq) {
      const { escPage, escLost } = at(vcpu);
      // The mapping of its ESB is gone: what the host does here is an access to nothing.
      if (escLost === 1 && ctx.trace.on) ctx.trace.emit('host_oops', { what: `escalation ESB of vCPU ${vcpu}` });
      return router.loadEnd(escPage - 1, 'ese', ESB.SET_PQ_00 + (pq << 8));
    },
    isInterruptPending,
    mustStayAwake(vcpu) {
      const v = at(vcpu);
      return v.ceded === 0 || v.doorbell === 1 || isInterruptPending(vcpu);
    },
    eoiEscalation(vcpu, priority) {
      const v = at(vcpu);
      if (v.escPage === 0) router.loadEnd(host.opal.endOfVp(v.vpId, priority), 'ese', ESB.SET_PQ_00);
    },
  };
}

/** Escalation interrupts of a VM come to the host as entries of its queue: each is a process that handles it (xive_esc_irq). */
export function bindEscalations(ctx: Context, run: VcpuRun): void {
  ctx.host.onEscalation(ctx.vm, (vcpu, priority) => {
    const v = run.at(vcpu);
    if (v.queues.at(priority).escVirq === 0 || v.escLost === 1) return;
    if (ctx.trace.on) ctx.trace.emit('host_escalation', { vcpu, priority });
    run.run(vcpu).escQueued++;
    ctx.processes().spawn(escIrq as never, { vm: ctx.vm, vcpu, priority } as never);
  });
}
