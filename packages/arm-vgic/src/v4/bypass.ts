// What the irqbypass manager and changes of routes ask of KVM on Arm. Linux: arch/arm64/kvm/arm.c kvm_arch_irq_bypass_add_producer, _del_producer, _stop, _start, kvm_arch_update_irqfd_routing.

import { type KvmArch, ROUTE } from '@virq/irq-core/kvm';
import type { Context } from '../context.ts';
import { v4PolicyOf } from './policy.ts';
import { resultOf, setForwarding, setForwardingUnlocked } from './set-forwarding.ts';
import { answering, unsetForwarding, unsetForwardingByRoute } from './unset-forwarding.ts';
import type { V4 } from './v4.ts';

const addProducer = answering('kvm_arch_irq_bypass_add_producer', setForwarding);
const delProducer = answering('kvm_arch_irq_bypass_del_producer', unsetForwarding);
const delProducerOld = answering('kvm_arch_irq_bypass_del_producer (6.12)', unsetForwardingByRoute);

/** Paths of forwarding, alone and for an irqfd that waits. */
export const FORWARDING_PROTOCOLS = [
  setForwarding,
  setForwardingUnlocked,
  unsetForwarding,
  unsetForwardingByRoute,
  addProducer,
  delProducer,
  delProducerOld,
] as const;

interface Runner {
  call(path: object, args: object, read: (f: { readonly code: number }) => number): number;
  spawn(path: object, args: object): number;
}

type Hooks = Required<Pick<KvmArch, 'addProducer' | 'delProducer' | 'startAddProducer' | 'startDelProducer'>> &
  Pick<KvmArch, 'updateIrte' | 'startUpdateIrte'>;

/** Paths by kernel. */
function pathsOf({ profile }: Context) {
  const v4 = v4PolicyOf(profile);
  const byRoute = v4.unsetBy === 'route';
  return {
    set: v4.holdsIrqLock ? setForwarding : setForwardingUnlocked,
    unset: byRoute ? unsetForwardingByRoute : unsetForwarding,
    remove: byRoute ? delProducerOld : delProducer,
  };
}

/** kvm_arm_halt_guest and kvm_arm_resume_guest around some work: vCPUs that run come out, and go in again. */
export function whileHalted<T>({ context, run }: V4, work: () => T): T {
  const inside: number[] = [];
  for (let vcpu = 0; vcpu < context.options.vcpus; vcpu++) if (run.isIn(vcpu)) inside.push(vcpu);
  for (const vcpu of inside) run.exit(vcpu);
  const result = work();
  for (const vcpu of inside) run.enter(vcpu);
  return result;
}

/**
 * Creates the hooks. Linux: the snapshot of the route is read without irqfds.lock. Abstraction: an irqfd that comes waits for a path that others can interleave on
 * kernels where that returns nothing but errors of the hardware, which are not waited for.
 */
export function createBypassHooks(v4: V4): Hooks {
  const { context } = v4;
  const { vm, kvm, profile, options } = context;
  const { irqfds } = kvm.state;
  const policy = v4PolicyOf(profile);
  const paths = pathsOf(context);
  const isMsi = (irqfd: number): boolean => irqfds.at(irqfd).route.type === ROUTE.MSI;

  const processes = (): Runner => context.processes() as unknown as Runner;
  const call = (path: object, irqfd: number, hostIrq: number): number =>
    processes().call(path, { vm, irqfd, hostIrq }, (f) => resultOf(f.code));
  function start(path: object, irqfd: number, hostIrq: number): void {
    irqfds.at(irqfd).irteBusy = 1;
    processes().spawn(path, { vm, irqfd, hostIrq });
  }
  const add = (irqfd: number, hostIrq: number): number => whileHalted(v4, () => call(paths.set, irqfd, hostIrq));
  const followsRoutes = policy.hasRouteHook && options.irqfdProducer;

  return {
    addProducer: (_gsi, hostIrq, irqfd) => (isMsi(irqfd) ? add(irqfd, hostIrq) : 0),
    delProducer(_gsi, hostIrq, irqfd) {
      if (isMsi(irqfd)) whileHalted(v4, () => call(paths.unset, irqfd, hostIrq));
    },
    startAddProducer(irqfd, hostIrq) {
      if (!isMsi(irqfd)) return 0;
      if (policy.returnsErrors) return add(irqfd, hostIrq);
      start(addProducer, irqfd, hostIrq);
      return 0;
    },
    startDelProducer(irqfd, hostIrq) {
      if (isMsi(irqfd)) start(paths.remove, irqfd, hostIrq);
    },
    updateIrte: (irqfd, hostIrq) => (followsRoutes ? call(unsetForwarding, irqfd, hostIrq) : 0),
    startUpdateIrte(irqfd, hostIrq) {
      if (followsRoutes) start(delProducer, irqfd, hostIrq);
      return followsRoutes;
    },
  };
}
