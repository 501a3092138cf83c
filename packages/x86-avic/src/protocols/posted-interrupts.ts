// VT-d posts an interrupt while the vCPU is preempted, scheduled in, halted, or gets its first device. Linux: arch/x86/kvm/vmx/posted_intr.c vmx_vcpu_pi_load, vmx_vcpu_pi_put, pi_enable_wakeup_handler, vmx_pi_start_bypass.

import { struct, u1, type ViewOf } from '@virq/irq-core/arena';
import { BLOCKED, defineFamily, defineModel, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';

/** Where notifications of a posted-interrupt descriptor go. */
const [POSTED, WAKEUP] = [0, 1];

/**
 * A posted-interrupt descriptor: one bit of PIR, ON (a notification is outstanding), SN (none are wanted), NV (the notification vector: posted-interrupt
 * notification or wake-up). And the vCPU: halted, asked to leave its halt (KVM_REQ_UNBLOCK), served.
 */
const Pid = struct('pid', { pir: u1, on: u1, sn: u1, nv: u1 });
const Vcpu = struct('vcpu', { halted: u1, unblock: u1, served: u1, assigned: u1 });

/** A vCPU and its descriptor. */
export interface PostedInterrupts {
  readonly pid: ViewOf<typeof Pid>;
  readonly vcpu: ViewOf<typeof Vcpu>;
}

const { protocol } = protocolsOn<PostedInterrupts>();
const { quiescent, sometimes } = propertiesOn<PostedInterrupts>();

/** The IOMMU posts: PIR first; then, unless suppressed or outstanding, ON and a notification. A wake-up vector's handler wakes a halted vCPU. */
export const post = protocol('VT-d posts', {}, () => ({
  setPir: (m) => {
    if (m.vcpu.assigned === 0) return BLOCKED;
    m.pid.pir = 1;
    return undefined;
  },
  notify({ pid, vcpu }) {
    if (pid.sn === 1 || pid.on === 1) return;
    pid.on = 1;
    if (pid.nv === WAKEUP) vcpu.halted = 0;
  },
}));

/** vmx_sync_pir_to_irr at guest entry: looks at PIR only if ON says that there is something. */
function syncPirToIrr({ pid, vcpu }: PostedInterrupts): void {
  if (pid.on === 0) return;
  pid.on = 0;
  vcpu.served = pid.pir === 1 ? 1 : vcpu.served;
  pid.pir = 0;
}

/** A vCPU that is preempted once and scheduled in again: vmx_vcpu_pi_put sets SN, vmx_vcpu_pi_load clears it and recomputes ON (c112b5f50232). */
export const preempt = protocol('vmx_vcpu_pi_put, vmx_vcpu_pi_load', {}, (p) => ({
  suppress(m) {
    m.pid.sn = 1;
  },
  allow(m) {
    m.pid.sn = 0;
  },
  recomputeOn(m) {
    if (m.pid.pir === 1) m.pid.on = 1;
  },
  enter: syncPirToIrr,
  inGuest: p.idle((m) => (m.pid.on === 0 ? BLOCKED : undefined)),
  deliver(m) {
    syncPirToIrr(m);
    return 'inGuest';
  },
}));

/**
 * A vCPU that halts: with a device that posts, notifications are redirected to the wake-up vector first (pi_enable_wakeup_handler), without one they
 * need not be. KVM_REQ_UNBLOCK makes it leave the halt and decide again.
 */
export const halt = protocol('kvm_vcpu_halt, pi_enable_wakeup_handler', {}, (p) => ({
  redirect(m) {
    if (m.vcpu.assigned === 1) m.pid.nv = WAKEUP;
  },
  checkPending(m) {
    if (m.pid.on === 0) m.vcpu.halted = 1;
  },
  sleep: p.idle((m) => (m.vcpu.halted === 1 && m.vcpu.unblock === 0 ? BLOCKED : undefined)),
  wake(m) {
    Object.assign(m.vcpu, { halted: 0, unblock: 0 });
    m.pid.nv = POSTED;
    if (m.pid.on === 0 && m.vcpu.served === 0) return 'redirect';
    syncPirToIrr(m);
    return 'redirect';
  },
}));

/** A device is assigned: from now on it may post; vCPUs that halted before are asked to halt anew (a2486020a82e). */
export const startBypass = protocol('vmx_pi_start_bypass', {}, () => ({
  assign(m) {
    m.vcpu.assigned = 1;
  },
  unblockAll(m) {
    m.vcpu.unblock = 1;
  },
}));

const heard = quiescent('no posted interrupt is left unseen', (m) => m.pid.pir === 0, {
  consequence:
    'the interrupt waits for something unrelated to wake the vCPU: stalls of seconds, RCU warnings in the guest',
});
const served = sometimes('the interrupt is served', (m) => m.vcpu.served === 1);
const layout = { pid: Pid, vcpu: Vcpu };

/** An interrupt is posted around the moment at which its vCPU is scheduled in. */
export const piPreempt = defineFamily({
  name: 'pi-preempt',
  summary: 'VT-d: an interrupt is posted while its vCPU is preempted and scheduled in',
  scope: {},
  build: () =>
    defineModel({
      name: 'pi-preempt',
      layout,
      processes: 2,
      protocols: [preempt, post],
      machine: (root): PostedInterrupts => root,
      start(m, spawn) {
        m.vcpu.assigned = 1;
        spawn(preempt);
        spawn(post);
      },
      properties: [heard, served],
    }),
});

/** The first device of a VM is assigned while a vCPU halts. */
export const piAssign = defineFamily({
  name: 'pi-assign',
  summary: 'VT-d: the first device of a VM is assigned while a vCPU halts',
  scope: {},
  build: () =>
    defineModel({
      name: 'pi-assign',
      layout,
      processes: 3,
      protocols: [halt, startBypass, post],
      machine: (root): PostedInterrupts => root,
      start(_m, spawn) {
        spawn(halt);
        spawn(startBypass);
        spawn(post);
      },
      properties: [heard, served, sometimes('the vCPU sleeps', (m) => m.vcpu.halted === 1)],
    }),
});
