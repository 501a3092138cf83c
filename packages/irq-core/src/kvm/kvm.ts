// One VM's architecture-independent half: routing, injection, irqfd, notifiers, vCPUs. Linux: virt/kvm.

import type { Fields } from '../arena/index.ts';
import { EINVAL, ModelError } from '../errors.ts';
import type { Trace } from '../events/index.ts';
import type { AnyProtocol, Processes } from '../protocol/index.ts';
import type { KvmArch, Route, RouteInput } from './arch.ts';
import { type Eventfds, FD_NOT_EVENTFD, WAITER } from './eventfd.ts';
import { kvmIrqfdAssign } from './irqfd-assign.ts';
import { irqfdInject } from './irqfd-inject.ts';
import { irqfdShutdown, kvmIrqfdDeassign, kvmIrqfdRelease } from './irqfd-shutdown.ts';
import { hangup, irqfdHangup, irqfdWakeup, wakeup } from './irqfd-wakeup.ts';
import { KERNELS, type KernelProfile, type KernelVersion } from './kernel.ts';
import type { KvmState } from './layout.ts';
import type { VmLimits } from './limits.ts';
import { createNotifiers, NOTIFIER, type Notifiers } from './notifiers.ts';
import { findResampler, irqfdResamplerAck, notifyMembers, resamplerAck } from './resampler.ts';
import { createRouting } from './routing.ts';
import { kvmSetIrqRouting } from './routing-update.ts';
import { kvmSetIrq } from './set-irq.ts';
import { kvmVcpuBlock } from './vcpu-block.ts';
import { createVcpus, type Vcpus } from './vcpus.ts';
import type { BypassConsumers, KvmParts, KvmWorld } from './world.ts';

/** KVM_IRQFD_FLAG_DEASSIGN and KVM_IRQFD_FLAG_RESAMPLE. Deassign wins over resample. */
export const IRQFD_FLAG = { DEASSIGN: 1, RESAMPLE: 2 } as const;

/** struct kvm_irqfd. */
export interface IrqfdArgs {
  readonly fd: number;
  readonly gsi: number;
  readonly flags: number;
  readonly resamplefd: number;
}

/** The generic half of one VM. Return values are KVM's: 0 or a count, negative errno. */
export interface Kvm extends KvmParts {
  readonly limits: VmLimits;
  readonly vcpus: Vcpus;
  readonly notifiers: Notifiers;
  /** Binds the architecture's half, once, before anything else is called. */
  bindArch(arch: KvmArch): void;
  bindBypass(bypass: BypassConsumers): void;
  /** KVM_SET_GSI_ROUTING: replaces the whole table, or fails and keeps the old one. */
  setGsiRouting(entries: readonly RouteInput[], flags: number): number;
  /** As setGsiRouting, but the publication runs as a process. Returns 0 or the errno of the validation. */
  startSetGsiRouting(entries: readonly RouteInput[], flags: number): number;
  /** KVM_SIGNAL_MSI: delivery result or negative errno. */
  signalMsi(message: Route): number;
  /** KVM_IRQFD. */
  irqfd(args: IrqfdArgs): number;
  /** As irqfd, but as a process. Returns a negative errno if the flags are wrong, else the pid. */
  startIrqfd(args: IrqfdArgs): number;
  /** The VM is destroyed: all irqfds and the routing table go. */
  release(): void;
  /** kvm_notify_acked_irq: EOI of a chip pin reached KVM. Emits kvm_ack_irq. */
  notifyAckedIrq(irqchip: number, pin: number): void;
  /** kvm_irq_has_notifier: an EOI of this pin must reach KVM even if it is edge-triggered. */
  hasAckNotifier(irqchip: number, pin: number): boolean;
  /** kvm_notify_irqfd_resampler: true if the pin has a resampler, whose owners were told instead of injecting. */
  notifyResampler(irqchip: number, pin: number): boolean;
  /** kvm_fire_mask_notifiers. */
  fireMaskNotifiers(irqchip: number, pin: number, masked: number): void;
}

/** What {@link createKvm} is given. */
export interface KvmInit {
  readonly vm: number;
  readonly state: KvmState;
  readonly limits: VmLimits;
  readonly kernel: KernelVersion;
  /** Overrides single entries of the kernel's profile (for known-bug variants). */
  readonly profile?: Partial<KernelProfile>;
  readonly trace: Trace;
  readonly eventfds: Eventfds;
  readonly processes: () => Processes<KvmWorld>;
}

/** The protocols of the generic half, for the machine's process table. */
export const KVM_PROTOCOLS: readonly AnyProtocol<KvmWorld>[] = [
  kvmSetIrq,
  kvmSetIrqRouting,
  kvmIrqfdAssign,
  kvmIrqfdDeassign,
  kvmIrqfdRelease,
  irqfdInject,
  irqfdShutdown,
  irqfdResamplerAck,
  irqfdWakeup,
  irqfdHangup,
  kvmVcpuBlock,
];

/** What an ioctl argument names: anything out of a handle's range is the null handle, a descriptor nobody has. */
const fdOf = (n: number): number => (n > 0 && n <= FD_NOT_EVENTFD ? n : 0);

/** Hooks the irqfds of all VMs into the eventfds. Called once per machine. */
export function bindIrqfdWakeups(world: KvmWorld, eventfds: Eventfds): void {
  eventfds.onWakeup(
    WAITER.IRQFD,
    (vm, irqfd) => wakeup(world.kvms[vm], irqfd),
    (vm, irqfd) => hangup(world.kvms[vm], irqfd),
  );
}

/** Creates the generic half over zeroed state. */
export function createKvm(init: KvmInit): Kvm {
  const { state, limits, trace, eventfds } = init;
  let bound: KvmArch | null = null;
  let consumers: BypassConsumers | null = null;
  const unbound = (): never => {
    throw new ModelError(`VM ${init.vm} has no architecture bound`);
  };
  const arch = (): KvmArch => bound ?? unbound();
  const routing = createRouting(state, limits, arch);
  const notifiers = createNotifiers(state, () => arch().ackNotifiersUpdated());

  const setIrqEvent = (source: number, gsi: number, level: number): void =>
    trace.emit('kvm_set_irq', { gsi, level, source });

  function setIrq(sourceId: number, gsi: number, level: number, lineStatus: boolean): number {
    const a = bound as KvmArch;
    if (a.setGsi !== undefined) return a.setGsi(gsi, sourceId, level);
    if (trace.on) setIrqEvent(sourceId, gsi, level);
    let ret = -1;
    if (state.table === 0) return -1;
    const table = routing.current();
    for (let i = gsi < table.nrGsis ? table.heads.get(gsi) : 0; i !== 0; ) {
      const entry = table.entries.at(i - 1);
      i = entry.next;
      const r = a.setIrq(entry, sourceId, level, lineStatus);
      if (r >= 0) ret = r + Math.max(0, ret);
    }
    return ret;
  }

  const kvm: Kvm = {
    vm: init.vm,
    state,
    limits,
    profile: { ...KERNELS[init.kernel], ...init.profile },
    trace,
    eventfds,
    routing,
    notifiers,
    vcpus: createVcpus(state.vcpus, trace),
    arch,
    bypass: () => consumers,
    setIrq,
    spawn: <A extends Fields>(protocol: never, args: never) => init.processes().spawn<A>(protocol, args),
    bindArch(a) {
      bound = a;
    },
    bindBypass(b) {
      consumers = b;
    },
    startSetGsiRouting(entries, flags) {
      const table = routing.build(entries, flags);
      if (table < 0) return table;
      init.processes().spawn(kvmSetIrqRouting, { vm: init.vm, table });
      return 0;
    },
    setGsiRouting(entries, flags) {
      const table = routing.build(entries, flags);
      if (table < 0) return table;
      init.processes().call(kvmSetIrqRouting, { vm: init.vm, table });
      return 0;
    },
    signalMsi: (message) => arch().signalMsi(message),
    irqfd({ fd, gsi, flags, resamplefd }) {
      if ((flags & ~3) !== 0) return -EINVAL;
      if ((flags & IRQFD_FLAG.DEASSIGN) === 0) {
        const resample = (flags & IRQFD_FLAG.RESAMPLE) >> 1;
        const args = { vm: init.vm, fd: fdOf(fd), gsi, resamplefd: fdOf(resamplefd), resample };
        return 0 - init.processes().call(kvmIrqfdAssign, args, (f) => f.ret);
      }
      const error = eventfds.check(fdOf(fd));
      if (error === 0) init.processes().call(kvmIrqfdDeassign, { vm: init.vm, fd, gsi });
      return error;
    },
    startIrqfd({ fd, gsi, flags, resamplefd }) {
      if ((flags & ~3) !== 0) return -EINVAL;
      if ((flags & IRQFD_FLAG.DEASSIGN) !== 0)
        return eventfds.check(fdOf(fd)) || init.processes().spawn(kvmIrqfdDeassign, { vm: init.vm, fd, gsi });
      const resample = (flags & IRQFD_FLAG.RESAMPLE) >> 1;
      const args = { vm: init.vm, fd: fdOf(fd), gsi, resamplefd: fdOf(resamplefd), resample };
      return init.processes().spawn(kvmIrqfdAssign, args);
    },
    release() {
      init.processes().call(kvmIrqfdRelease, { vm: init.vm });
      if (state.table !== 0) state.tables.free(state.table);
      state.table = 0;
    },
    notifyAckedIrq(irqchip, pin) {
      if (trace.on) trace.emit('kvm_ack_irq', { irqchip, pin });
      if (state.ackNotifiers === 0) return;
      const gsi = routing.gsiOfPin(irqchip, pin);
      if (gsi >= 0) notifiers.fire('ackNotifiers', gsi, 0);
    },
    hasAckNotifier(irqchip, pin) {
      const gsi = routing.gsiOfPin(irqchip, pin);
      return gsi >= 0 && notifiers.has('ackNotifiers', gsi);
    },
    notifyResampler(irqchip, pin) {
      const gsi = routing.gsiOfPin(irqchip, pin);
      const resampler = gsi < 0 ? 0 : findResampler(kvm, gsi);
      if (resampler !== 0) notifyMembers(kvm, resampler);
      return resampler !== 0;
    },
    fireMaskNotifiers(irqchip, pin, masked) {
      const gsi = routing.gsiOfPin(irqchip, pin);
      if (gsi >= 0) notifiers.fire('maskNotifiers', gsi, masked);
    },
  };
  notifiers.handle(NOTIFIER.RESAMPLER, (resampler) => resamplerAck(kvm, resampler));
  return kvm;
}
