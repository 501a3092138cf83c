// The primary thread of a core hands a vCPU to a secondary thread that naps and wakes it with an IPI. IPIs come from elsewhere as well.
// Linux 3.10: arch/powerpc/kvm/book3s_hv.c kvmppc_run_core, kvmppc_grab_hwthread, kvmppc_start_thread, kvmppc_wait_for_nap; book3s_hv_rmhandlers.S kvm_start_guest.
// Today a thread that waits for a vCPU polls instead of napping, and clears its vcore pointer where it counted a nap here.

import { struct, u1, u8, type ViewOf } from '@virq/irq-core/arena';
import { assert, BLOCKED, DONE, defineFamily, defineModel, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';

/** kvm_hstate.hwthread_state. */
const THREAD = { IN_KERNEL: 0, IN_NAP: 1, IN_KVM: 2 } as const;

/** The PACA of the secondary thread (kvm_vcpu, hwthread_req, hwthread_state) and the IPI in its interrupt controller. `runsHost`: it handles an interrupt for the host. */
const Thread = struct('thread', { vcpu: u8, req: u1, state: u8, ipi: u1, runsHost: u1 });
/** The virtual core: naps counted, whether it runs a guest; `ran` counts the vCPUs that ran. */
const Vcore = struct('vcore', { napCount: u8, inGuest: u1, ran: u8 });

/** One core with two threads. */
export interface ThreadWake {
  readonly thread: ViewOf<typeof Thread>;
  readonly vcore: ViewOf<typeof Vcore>;
}

const { protocol } = protocolsOn<ThreadWake>();
const { always, leadsTo, quiescent, sometimes } = propertiesOn<ThreadWake>();

/** kvmppc_run_core on the primary thread, `left` times after the first: grabs the other thread, starts it, runs the guest, waits until the other naps. */
export const runCore = protocol('kvmppc_run_core', { left: u8 }, () => ({
  request(m) {
    Object.assign(m.thread, { vcpu: 0, req: 1 });
  },
  awaitGrab: ({ thread }) => (thread.state === THREAD.IN_KERNEL ? BLOCKED : undefined),
  startThread(m) {
    m.vcore.napCount = 0;
    m.thread.vcpu = 1;
  },
  wake(m) {
    m.thread.ipi = 1;
  },
  enterGuest(m) {
    m.vcore.inGuest = 1;
  },
  awaitNap: (m) => (m.vcore.napCount === 0 ? BLOCKED : undefined),
  leaveGuest(m) {
    m.vcore.inGuest = 0;
  },
  release(m, f) {
    m.thread.req = 0;
    if (f.left === 0) return DONE;
    f.left--;
    return 'request';
  },
}));

/**
 * The secondary thread, woken from nap by whatever IPI. While the core is KVM's (hwthread_req) it clears the IPI, then loads its vCPU pointer, and runs the vCPU if there is one.
 * It clears the pointer before it counts as napping.
 */
export const secondary = protocol('kvm_start_guest', { vcpu: u8 }, (p) => ({
  nap: p.idle((m) => (m.thread.ipi === 0 ? BLOCKED : undefined)),
  wakeUp(m) {
    m.thread.state = THREAD.IN_KERNEL;
  },
  isRequested: (m) => (m.thread.req === 1 ? 'enterKvm' : undefined),
  handleForHost(m) {
    Object.assign(m.thread, { runsHost: 1, ipi: 0 });
  },
  napForHost(m) {
    Object.assign(m.thread, { runsHost: 0, state: THREAD.IN_NAP });
    return 'nap';
  },
  enterKvm(m) {
    m.thread.state = THREAD.IN_KVM;
  },
  clearIpi(m) {
    m.thread.ipi = 0;
  },
  loadVcpu(m, f) {
    f.vcpu = m.thread.vcpu;
  },
  hasVcpu: (_m, f) => (f.vcpu === 0 ? 'noGuest' : undefined),
  runVcpu(m, f) {
    assert(m.thread.state === THREAD.IN_KVM, 'a vCPU runs on a thread that is in the kernel');
    assert(f.vcpu !== 0 && m.thread.vcpu === f.vcpu, 'a thread runs a vCPU that is not its own');
    m.vcore.ran++;
  },
  clearVcpu(m, f) {
    m.thread.vcpu = 0;
    f.vcpu = 0;
  },
  countNap(m) {
    m.vcore.napCount++;
  },
  noGuest(m) {
    m.thread.state = THREAD.IN_NAP;
    return 'nap';
  },
}));

/** Somebody else sends the thread an IPI, `left` times. */
export const strayIpi = protocol('stray IPI', { left: u8 }, () => ({
  send(m, f) {
    if (f.left === 0) return DONE;
    f.left--;
    m.thread.ipi = 1;
    return 'send';
  },
}));

/** A core that runs a guest several times while stray IPIs arrive. */
export const threadWake = defineFamily({
  name: 'thread-wake',
  summary: 'HV KVM: a secondary thread is woken to run a vCPU while stray IPIs wake it as well',
  scope: {
    runs: { says: 'times the core runs the guest', default: 2, min: 1, max: 3 },
    strays: { says: 'IPIs from elsewhere', default: 1, min: 0, max: 3 },
  },
  build: ({ runs, strays }) =>
    defineModel({
      name: 'thread-wake',
      layout: { thread: Thread, vcore: Vcore },
      processes: 3,
      protocols: [runCore, secondary, strayIpi],
      machine: (root): ThreadWake => root,
      start(m, spawn) {
        m.thread.state = THREAD.IN_NAP;
        spawn(runCore, { left: runs - 1 });
        spawn(secondary);
        spawn(strayIpi, { left: strays });
      },
      properties: [
        quiescent('each run of the core has run its vCPU once', (m) => m.vcore.ran === runs, {
          consequence: 'the vCPU is started and never runs',
        }),
        always(
          'no thread works for the host while its core runs a guest',
          (m) => m.thread.runsHost === 0 || m.vcore.inGuest === 0,
          {
            consequence: "host code runs with the guest's partition loaded and crashes",
          },
        ),
        leadsTo(
          'an IPI is cleared',
          (m) => m.thread.ipi === 1,
          (m) => m.thread.ipi === 0,
        ),
        sometimes('a stray IPI is handled for the host', (m) => strays === 0 || m.thread.runsHost === 1),
        sometimes('the core runs a guest', (m) => m.vcore.inGuest === 1),
      ],
    }),
});
