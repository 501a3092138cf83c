// vCPUs as generic code sees them: requests, mode, kick, block and wake-up, load and put. Linux: virt/kvm/kvm_main.c, include/linux/kvm_host.h.

import { type CompositeArray, columns } from '../arena/index.ts';
import type { Trace } from '../events/index.ts';
import { Vcpu } from './layout.ts';

/** vcpu->mode. */
export const VCPU_MODE = {
  OUTSIDE_GUEST_MODE: 0,
  IN_GUEST_MODE: 1,
  EXITING_GUEST_MODE: 2,
  READING_SHADOW_PAGE_TABLES: 3,
} as const;

/** Requests as bit numbers; the first four are generic, an architecture numbers its own from 8 (KVM_REQUEST_ARCH_BASE). */
export const REQ = { TLB_FLUSH: 0, VM_DEAD: 1, UNBLOCK: 2, UNHALT: 3, ARCH_BASE: 8 } as const;

/** Generic vCPU operations. */
export interface Vcpus {
  readonly count: number;
  /** kvm_make_request. */
  request(vcpu: number, req: number): void;
  requestAll(req: number): void;
  /** kvm_check_request: true once per request. */
  check(vcpu: number, req: number): boolean;
  isRequested(vcpu: number, req: number): boolean;
  /** vcpu->requests, a bit each. */
  requests(vcpu: number): number;
  /** kvm_vcpu_kick: wakes it if it blocks, else makes it leave the guest. Returns true if it was in guest mode. */
  kick(vcpu: number): boolean;
  /** kvm_make_request, then kvm_vcpu_kick: what every delivery ends with. */
  notify(vcpu: number, req: number): void;
  /** kvm_vcpu_wake_up: true if it was blocked. */
  wakeUp(vcpu: number): boolean;
  /** sched-in on a physical CPU. */
  load(vcpu: number, pcpu: number): void;
  /** sched-out. */
  put(vcpu: number): void;
  /** Physical CPU it is loaded on, -1 if none. */
  pcpu(vcpu: number): number;
  enterGuest(vcpu: number): void;
  exitGuest(vcpu: number): void;
  mode(vcpu: number): number;
  /** The halt state: set before the last look at pending interrupts, cleared by {@link Vcpus.wakeUp}. */
  block(vcpu: number): void;
  isBlocking(vcpu: number): boolean;
  /** Leaves the halt state by itself. */
  unblock(vcpu: number): void;
}

/** Operations over the vCPU states of one VM. */
export function createVcpus(vcpus: CompositeArray<Vcpu>, trace: Trace): Vcpus {
  const { requests, mode, pcpu, blocking } = columns(Vcpu, vcpus);
  const wakeUpEvent = (vcpu: number): void => trace.emit('kvm_vcpu_wakeup', { vcpu });
  const kickEvent = (vcpu: number): void =>
    trace.emit('ipi_send_cpu', { cpu: pcpu.get(vcpu) - 1, callsite: 'kvm_vcpu_kick' });

  function wakeUp(vcpu: number): boolean {
    if (blocking.get(vcpu) === 0) return false;
    blocking.set(vcpu, 0);
    if (trace.on) wakeUpEvent(vcpu);
    return true;
  }

  function kick(vcpu: number): boolean {
    if (wakeUp(vcpu) || mode.get(vcpu) !== VCPU_MODE.IN_GUEST_MODE) return false;
    mode.set(vcpu, VCPU_MODE.EXITING_GUEST_MODE);
    if (trace.on) kickEvent(vcpu);
    return true;
  }

  function request(vcpu: number, req: number): void {
    requests.set(vcpu, requests.get(vcpu) | (1 << req));
  }

  return {
    count: vcpus.length,
    request,
    requestAll(req) {
      for (let i = 0; i < vcpus.length; i++) request(i, req);
    },
    check(vcpu, req) {
      const all = requests.get(vcpu);
      if (((all >>> req) & 1) === 0) return false;
      requests.set(vcpu, all & ~(1 << req));
      return true;
    },
    isRequested: (vcpu, req) => ((requests.get(vcpu) >>> req) & 1) === 1,
    kick,
    notify(vcpu, req) {
      request(vcpu, req);
      kick(vcpu);
    },
    wakeUp,
    load: (vcpu, cpu) => pcpu.set(vcpu, cpu + 1),
    put: (vcpu) => pcpu.set(vcpu, 0),
    pcpu: (vcpu) => pcpu.get(vcpu) - 1,
    enterGuest: (vcpu) => mode.set(vcpu, VCPU_MODE.IN_GUEST_MODE),
    exitGuest: (vcpu) => mode.set(vcpu, VCPU_MODE.OUTSIDE_GUEST_MODE),
    mode: (vcpu) => mode.get(vcpu),
    block: (vcpu) => blocking.set(vcpu, 1),
    unblock: (vcpu) => blocking.set(vcpu, 0),
    isBlocking: (vcpu) => blocking.get(vcpu) === 1,
    requests: (vcpu) => requests.get(vcpu),
  };
}
