// A device posts while its interrupt moves from one vCPU to another and the vCPUs halt and are preempted: doorbell, GA log, or nobody. Linux 6.17: arch/x86/kvm/svm/avic.c.

import { array, bitmap, bits, struct, u1, u8, type ViewOf } from '@virq/irq-core/arena';
import { BLOCKED, DONE, defineFamily, defineModel, lock, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';

const MOST_VCPUS = 3;

/** What happens to a vCPU in the guest: something reaches it, it halts, it is preempted, or it computes from now on without an exit. */
const [LOOK, HALT, COMPUTE] = [0, 1, 3];

/**
 * A vCPU and its pCPU. `running` and `logIntr` are avic_physical_id_entry, with KVM's synthetic GA_LOG_INTR; `irr` is one vector in the backing page
 * that the guest has not seen; `doorbell` and `kicked` are IPIs on their way to the pCPU; `asleep` is TASK_INTERRUPTIBLE.
 * Abstraction: vCPU n is pinned to pCPU n. Doorbells for a vCPU that has moved to another pCPU are the matter of avic-ir-list.
 */
const Vcpu = struct('vcpu', {
  irListLock: lock,
  irList: u1,
  running: u1,
  logIntr: u1,
  inGuest: u1,
  asleep: u1,
  irr: u1,
  doorbell: u1,
  kicked: u1,
});
const Irte = struct('irte', { target: bits(2), isRun: u1, cpu: bits(2), logIntr: u1 });

/** vCPUs, one IRTE, and the tags in the GA log. */
export interface AvicPost {
  readonly vcpus: ViewOf<ReturnType<typeof array<typeof Vcpu>>>;
  readonly irte: ViewOf<typeof Irte>;
  readonly gaLog: { has(vcpu: number): boolean; add(vcpu: number): void; delete(vcpu: number): void };
}

const { protocol } = protocolsOn<AvicPost>();
const { always, quiescent, sometimes } = propertiesOn<AvicPost>();

/** Out of the guest, a pCPU ignores doorbells: VMRUN looks at the IRR anyway. */
function leaveGuest(m: AvicPost, vcpu: number): void {
  Object.assign(m.vcpus.at(vcpu), { inGuest: 0, doorbell: 0, kicked: 0 });
}

/** What reaches a guest that stays where it is: a doorbell makes the pCPU look at the IRR, a kick makes it exit and enter anew. */
function lookInGuest(m: AvicPost, vcpu: number): 'guest' | 'enterGuest' | typeof BLOCKED {
  const v = m.vcpus.at(vcpu);
  if (v.kicked === 1) {
    leaveGuest(m, vcpu);
    return 'enterGuest';
  }
  if (v.doorbell === 0) return BLOCKED;
  Object.assign(v, { doorbell: 0, irr: 0 });
  return 'guest';
}

/**
 * vcpu_enter_guest, avic_vcpu_put, kvm_vcpu_block with avic_vcpu_blocking, avic_vcpu_load. The guest halts or is preempted up to `left`
 * times, then computes for ever without an exit.
 */
export const runAndBlock = protocol(
  'kvm_vcpu_block, avic_vcpu_load, avic_vcpu_put',
  { vcpu: u8, left: bits(2), block: u1 },
  (p) => ({
    enterGuest(m, f) {
      Object.assign(m.vcpus.at(f.vcpu), { inGuest: 1, irr: 0 });
    },
    guest: p.idle(
      p.choose(COMPUTE + 1, (m, f, _self, choice) => {
        if (choice === LOOK) return lookInGuest(m, f.vcpu);
        if (f.left === 0) return BLOCKED;
        f.left = choice === COMPUTE ? 0 : f.left - 1;
        if (choice === COMPUTE) return 'guest';
        f.block = choice === HALT ? 1 : 0;
        leaveGuest(m, f.vcpu);
        return undefined;
      }),
    ),
    ...p.locked('ir_list (put)', (m, f) => m.vcpus.at(f.vcpu).irListLock, {
      tellIommuOut(m, f) {
        if (m.vcpus.at(f.vcpu).irList === 1) Object.assign(m.irte, { isRun: 0, logIntr: f.block });
      },
      clearRunning: (m, f) => void Object.assign(m.vcpus.at(f.vcpu), { running: 0, logIntr: f.block }),
    }),
    isBlocking: (_m, f) => (f.block === 0 ? 'lock ir_list (load)' : undefined),
    setInterruptible(m, f) {
      m.vcpus.at(f.vcpu).asleep = 1;
    },
    checkBlock(m, f) {
      if (m.vcpus.at(f.vcpu).irr === 0) return undefined;
      Object.assign(m.vcpus.at(f.vcpu), { asleep: 0 });
      return 'lock ir_list (load)';
    },
    sleep: p.idle((m, f) => (m.vcpus.at(f.vcpu).asleep === 1 ? BLOCKED : 'setInterruptible')),
    ...p.locked('ir_list (load)', (m, f) => m.vcpus.at(f.vcpu).irListLock, {
      setRunning: (m, f) => void Object.assign(m.vcpus.at(f.vcpu), { running: 1, logIntr: 0 }),
      tellIommu(m, f) {
        if (m.vcpus.at(f.vcpu).irList === 1) Object.assign(m.irte, { isRun: 1, cpu: f.vcpu, logIntr: 0 });
      },
    }),
    again(_m, f) {
      f.block = 0;
      return 'enterGuest';
    },
  }),
);

/** amd_iommu_activate_guest_mode: the IRTE posts to `to`, by what its table entry says. Destination is kept if it does not run. */
function program(m: AvicPost, f: { to: number }): void {
  const { running, logIntr } = m.vcpus.at(f.to);
  Object.assign(m.irte, { target: f.to, isRun: running, logIntr });
  m.irte.cpu = running === 1 ? f.to : 0;
}

/**
 * avic_pi_update_irte, `left` times, one after the other as irqfds.lock makes them. `kickPrevious` is not in Linux: from `deletePrevious` to
 * `program` the IRTE posts to a vCPU that no longer keeps it up to date, so what was posted in between is looked for by a kick.
 * Abstraction: one irqfd, so irqfds.lock has one user and is left out; host mode is left out, where interrupts take the path of KVM itself.
 */
export const moveIrte = protocol('avic_pi_update_irte (posting)', { from: u8, to: u8, left: bits(2) }, (p) => ({
  chooseTarget: p.choose(MOST_VCPUS, (m, f, _self, choice) => {
    if (f.left === 0) return DONE;
    if (choice >= m.vcpus.length) return BLOCKED;
    f.left--;
    f.from = m.irte.target;
    f.to = choice;
    return undefined;
  }),
  ...p.locked('ir_list (previous)', (m, f) => m.vcpus.at(f.from).irListLock, {
    deletePrevious(m, f) {
      m.vcpus.at(f.from).irList = 0;
    },
  }),
  ...p.locked('ir_list', (m, f) => m.vcpus.at(f.to).irListLock, {
    program,
    join(m, f) {
      m.vcpus.at(f.to).irList = 1;
    },
  }),
  kickPrevious(m, f) {
    const v = m.vcpus.at(f.from);
    if (v.asleep === 1) v.asleep = 0;
    else if (v.inGuest === 1) v.kicked = 1;
  },
  again(_m, f) {
    f.from = 0;
    f.to = 0;
    return 'chooseTarget';
  },
}));

/**
 * The IOMMU posts `left` interrupts: IRR, then a doorbell, a GA log entry, or nothing, as the IRTE says.
 * Abstraction: one step. IsRun, destination and tag are not cached by the IOMMU; what hardware does in between is not KVM's, and less behaviour
 * than hardware has means that an interrupt lost here is lost by software.
 */
export const postInterrupt = protocol('AMD IOMMU posts', { left: bits(2) }, () => ({
  post(m, f) {
    if (f.left === 0) return DONE;
    f.left--;
    const { target, isRun, cpu, logIntr } = m.irte;
    m.vcpus.at(target).irr = 1;
    if (isRun === 0) {
      if (logIntr === 1) m.gaLog.add(target);
    } else if (m.vcpus.at(cpu).inGuest === 1) m.vcpus.at(cpu).doorbell = 1;
    return 'post';
  },
}));

/** iommu_poll_ga_log, avic_ga_log_notifier: kvm_vcpu_wake_up of the vCPU that a tag names. It does nothing to one that is awake. */
export const pollGaLog = protocol('iommu_poll_ga_log, avic_ga_log_notifier', { vcpu: u8 }, (p) => ({
  take: p.idle((m, f) => {
    let tag = 0;
    while (tag < m.vcpus.length && !m.gaLog.has(tag)) tag++;
    if (tag === m.vcpus.length) return BLOCKED;
    m.gaLog.delete(tag);
    f.vcpu = tag;
    return undefined;
  }),
  wake(m, f) {
    m.vcpus.at(f.vcpu).asleep = 0;
    f.vcpu = 0;
    return 'take';
  },
}));

const wakesSleeper = (m: AvicPost, i: number): boolean => {
  const v = m.vcpus.at(i);
  return v.asleep === 0 || v.irList === 0 || (m.irte.isRun === 0 && m.irte.logIntr === 1);
};

const properties = (vcpus: number) => [
  always('the IRTE of a vCPU that sleeps writes to the GA log', wakesSleeper, {
    over: vcpus,
    consequence: 'an interrupt of the device does not wake the guest from its halt',
  }),
  quiescent('no posted interrupt is left unseen', (m, i) => m.vcpus.at(i).irr === 0, {
    over: vcpus,
    consequence: 'the interrupt waits until something unrelated wakes the vCPU or makes it exit: a stalled device',
  }),
  sometimes('a doorbell is on its way', (m) => m.vcpus.at(0).doorbell === 1),
  sometimes('the GA log has a sleeping vCPU', (m) => m.vcpus.at(0).asleep === 1 && m.gaLog.has(0)),
  sometimes('a preempted vCPU finds its interrupt when it runs again', (m) => {
    const { irr, running, logIntr } = m.vcpus.at(0);
    return irr === 1 && running === 0 && logIntr === 0;
  }),
  sometimes('an interrupt moves to a vCPU that sleeps', (m) => m.irte.target === 1 && m.vcpus.at(1).asleep === 1),
];

/** A device posts, its interrupt moves, vCPUs halt and are preempted. */
export const avicPost = defineFamily({
  name: 'avic-post',
  summary: 'AVIC: a device posts while its interrupt moves to another vCPU and vCPUs halt',
  scope: {
    vcpus: { says: 'vCPUs', default: 2, min: 2, max: MOST_VCPUS },
    exits: { says: 'times that each vCPU halts or is preempted', default: 1, min: 1, max: 3 },
    updates: { says: 'updates of the IRTE', default: 2, min: 1, max: 3 },
    posts: { says: 'interrupts that the device posts', default: 1, min: 1, max: 3 },
  },
  build: ({ vcpus, exits, updates, posts }) =>
    defineModel({
      name: 'avic-post',
      layout: { vcpus: array(Vcpu, vcpus), irte: Irte, gaLog: bitmap(MOST_VCPUS) },
      processes: vcpus + 3,
      protocols: [runAndBlock, moveIrte, postInterrupt, pollGaLog],
      machine: (root): AvicPost => root,
      start(m, spawn) {
        for (let vcpu = 0; vcpu < vcpus; vcpu++) {
          m.vcpus.at(vcpu).running = 1;
          spawn(runAndBlock, { vcpu, left: exits });
        }
        m.vcpus.at(0).irList = 1;
        m.irte.isRun = 1;
        spawn(moveIrte, { left: updates });
        spawn(postInterrupt, { left: posts });
        spawn(pollGaLog);
      },
      properties: properties(vcpus),
    }),
});
