// A request that is made between the test for requests and the entry into the guest. Linux: arch/x86/kvm/x86.c vcpu_enter_guest, kvm_arch_vcpu_load; virt/kvm/kvm_main.c kvm_vcpu_kick.

import { struct, u1, u8, type View } from '../arena/index.ts';
import { assert, BLOCKED, DONE, defineFamily, defineModel, propertiesOn, protocolsOn } from '../protocol/index.ts';

/**
 * A vCPU: on which pCPU it runs and on which its timer is, KVM_REQ_MIGRATE_TIMER, host interrupts off, in the guest. `tick`: the timer has fired and the vCPU was not told yet;
 * the interrupt it causes on the timer's pCPU makes a vCPU exit that is there.
 */
const Vcpu = struct('vcpu', {
  cpu: u1,
  timerCpu: u1,
  request: u1,
  irqsOff: u1,
  inGuest: u1,
  tick: u1,
  ran: u1,
  moved: u1,
});

/** One vCPU with a timer. */
export interface VcpuRequests {
  readonly vcpu: View<typeof Vcpu>;
}

const { protocol } = protocolsOn<VcpuRequests>();
const { never, quiescent, sometimes } = propertiesOn<VcpuRequests>();

/** vcpu_enter_guest: serves requests and injects what is pending, then switches interrupts off and looks once more (d4acf7e7abe4). From there on nothing can preempt it. */
export const enterGuest = protocol('vcpu_enter_guest', {}, (p) => ({
  testRequests({ vcpu }) {
    if (vcpu.request === 1) Object.assign(vcpu, { request: 0, timerCpu: vcpu.cpu });
    vcpu.tick = 0;
  },
  irqsOff({ vcpu }) {
    vcpu.irqsOff = 1;
  },
  testAgain({ vcpu }) {
    if (vcpu.request === 0) return undefined;
    vcpu.irqsOff = 0;
    return 'testRequests';
  },
  enter({ vcpu }) {
    Object.assign(vcpu, { inGuest: 1, ran: 1 });
  },
  guest: p.idle(({ vcpu }) => {
    assert(vcpu.inGuest === 1, 'a vCPU that is not in the guest waits for an exit');
    return vcpu.tick === 1 && vcpu.timerCpu === vcpu.cpu ? undefined : BLOCKED;
  }),
  exit({ vcpu }) {
    Object.assign(vcpu, { inGuest: 0, irqsOff: 0 });
    return 'testRequests';
  },
}));

/** The host's scheduler: moves the vCPU's thread to the other pCPU, `left` times; kvm_arch_vcpu_load then asks for the timer to follow. */
export const preempt = protocol('kvm_arch_vcpu_load', { left: u8 }, (p) => ({
  move: p.idle(
    p.choose(2, ({ vcpu }, f, _self, choice) => {
      if (choice === 0 || f.left === 0) return DONE;
      if (vcpu.irqsOff === 1) return BLOCKED;
      f.left--;
      Object.assign(vcpu, { cpu: 1 - vcpu.cpu, request: 1, moved: 1 });
      return 'move';
    }),
  ),
}));

/** The guest's timer fires once. */
export const timer = protocol('hrtimer', {}, () => ({
  fire({ vcpu }) {
    vcpu.tick = 1;
  },
}));

/** A vCPU whose thread is moved while it is about to enter the guest. */
export const vcpuRequests = defineFamily({
  name: 'vcpu-requests',
  summary: 'x86: a vCPU is moved to another pCPU between its test for requests and its entry into the guest',
  scope: { moves: { says: 'times the thread is moved', default: 1, min: 0, max: 3 } },
  build: ({ moves }) =>
    defineModel({
      name: 'vcpu-requests',
      layout: { vcpu: Vcpu },
      processes: 3,
      protocols: [enterGuest, preempt, timer],
      machine: (root): VcpuRequests => root,
      start(_m, spawn) {
        spawn(enterGuest);
        spawn(preempt, { left: moves });
        spawn(timer);
      },
      properties: [
        never('a vCPU is in the guest with a request', ({ vcpu }) => vcpu.inGuest === 1 && vcpu.request === 1, {
          consequence: "the guest's timer interrupt waits until the host interrupts the vCPU for another reason",
        }),
        quiescent('the timer interrupt is delivered', ({ vcpu }) => vcpu.tick === 0),
        sometimes('a vCPU that was moved runs', ({ vcpu }) => moves === 0 || (vcpu.moved === 1 && vcpu.inGuest === 1)),
      ],
    }),
});
