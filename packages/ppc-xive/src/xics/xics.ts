// KVM's XICS device over XIVE of one VM: what its hcalls, RTAS calls and attributes have in common. Linux: arch/powerpc/kvm/book3s_xive.c.

import { ModelError } from '@virq/irq-core/errors';
import type { Lock } from '@virq/irq-core/protocol';
import { sourceEoi } from '../host/power-host.ts';
import { NO_PRIORITY, RING } from '../hw/presenter.ts';
import type { Xive } from '../hw/xive.ts';
import type { Context } from '../kvm/context.ts';
import { BLOCK_SOURCES, type IrqState, type XiveKvmState, type XiveVcpu } from '../kvm/layout.ts';
import { MASKED } from '../kvm/priority.ts';
import type { KvmSources } from '../kvm/sources.ts';
import { findServer, selectTarget } from '../kvm/targets.ts';
import type { Opal } from '../opal/opal.ts';
import { NO_MFRR } from './numbers.ts';
import { createQueues, type KvmQueues } from './queues.ts';

/** The device as its kernel paths see it. vCPUs are given by index. */
export interface Xics {
  readonly state: XiveKvmState;
  readonly vcpus: XiveKvmState['vcpus'];
  readonly sources: KvmSources;
  readonly queues: KvmQueues;
  readonly xive: Xive;
  readonly opal: Opal;
  /** State of a source whose block exists. */
  source(irq: number): IrqState;
  /** Lock of the block that a source is in. */
  blockLock(irq: number): Lock;
  /** vCPU of a server, -1 if there is none. */
  findServer(server: number): number;
  /** xive_vm_ack_pending: acknowledge cycle; what was signalled joins the pending priorities. */
  acknowledge(vcpu: number): void;
  /** The presenter gets the CPPR that the guest has. */
  writeCppr(vcpu: number): void;
  /** xive_vm_push_pending_to_hw: the most favoured of what is pending, MFRR included, is signalled again. */
  pushPending(vcpu: number): void;
  /** The priority that the presenter has pending, as a bit; 0 for none. */
  pendingInHardware(vcpu: number): number;
  /** End of the interrupt by which H_IPI tells of a new MFRR. */
  endVpIpi(vcpu: number): void;
  triggerVpIpi(vcpu: number): void;
  /** xive_vm_source_eoi of a hardware source. */
  endSource(index: number): void;
  /** A store to the trigger page of a hardware source. */
  triggerSource(index: number): void;
  /** xive_check_provisioning: 0 or negative errno. */
  provision(priority: number): number;
  /** A message of the kernel. */
  warn(text: string): void;
  /** xive_target_interrupt: 0 or negative errno. */
  target(source: IrqState, server: number, priority: number): number;
}

/** What {@link createXics} needs beside the context. */
export interface XicsParts {
  readonly sources: KvmSources;
  provision(priority: number): number;
  /** OPAL's id of the virtual processor of a server. */
  vpOf(server: number): number;
}

/** Priority by which a vCPU's presenter is told of an MFRR. */
const bitOfMfrr = (mfrr: number): number => (mfrr === NO_MFRR ? 0 : 1 << Math.min(mfrr, 7));

/** The hypervisor's accesses to the TIMA, made on the thread that the vCPU is on. */
function createIcp({ state, host }: Context, warn: (text: string) => void) {
  const { presenter } = host.xive;

  function threadOf(vcpu: number): number {
    const v = state.vcpus.at(vcpu);
    if (v.pushed === 0) throw new ModelError(`an hcall of vCPU ${vcpu}, which is on no thread`);
    return v.thread - 1;
  }

  return {
    acknowledge(vcpu: number): void {
      const ack = presenter.acknowledge(threadOf(vcpu), RING.OS);
      if (ack >>> 8 === 0) return;
      const v = state.vcpus.at(vcpu);
      const cppr = ack & 0xff;
      if (cppr < 8) v.pending |= 1 << cppr;
      if (cppr >= v.hwCppr) warn(`odd ack CPPR, got ${cppr} at ${v.hwCppr}`);
      v.hwCppr = cppr;
    },
    writeCppr(vcpu: number): void {
      const v = state.vcpus.at(vcpu);
      v.hwCppr = v.cppr;
      presenter.setCppr(threadOf(vcpu), RING.OS, v.cppr);
    },
    pushPending(vcpu: number): void {
      const { pending, mfrr } = state.vcpus.at(vcpu);
      const all = pending | bitOfMfrr(mfrr);
      if (all !== 0) presenter.raise(threadOf(vcpu), RING.OS, 31 - Math.clz32(all & -all));
    },
    pendingInHardware(vcpu: number): number {
      const { pipr } = host.xive.state.threads.at(threadOf(vcpu)).rings.at(RING.OS);
      return pipr === NO_PRIORITY ? 0 : 1 << pipr;
    },
  };
}

/** xive_target_interrupt: the new queue counts the interrupt now, the old one forgets it when it is found empty. */
function createTarget({ state }: Context, { sources, vpOf }: XicsParts) {
  return (s: IrqState, server: number, priority: number): number => {
    const chosen = selectTarget(state, server, priority);
    if (chosen < 0) return chosen;
    if (s.actPriority !== MASKED) {
      const old = findServer(state, s.actServer);
      if (old >= 0) state.vcpus.at(old).queues.at(s.actPriority).pendingCount++;
    }
    s.actPriority = priority;
    s.actServer = chosen;
    return sources.configure(s, vpOf(chosen), priority, sources.numberOf(s));
  };
}

/** Creates the device's common part over zeroed state. */
export function createXics(ctx: Context, parts: XicsParts): Xics {
  const { state, host, trace } = ctx;
  const { xive, opal } = host;
  const warn = (text: string): void => {
    if (trace.on) trace.emit('xive_kvm_warning', { text });
  };
  const { sources, provision } = parts;
  const ipiOf = (vcpu: number): number => (state.vcpus.at(vcpu) as XiveVcpu).vpIpi - 1;
  return {
    state,
    vcpus: state.vcpus,
    sources,
    queues: createQueues(xive.ram),
    xive,
    opal,
    ...createIcp(ctx, warn),
    warn,
    provision,
    target: createTarget(ctx, parts),
    source(irq) {
      const s = sources.find(irq);
      if (s === null) throw new ModelError(`source ${irq} has no block`);
      return s;
    },
    blockLock: (irq) => state.sbLocks.at(Math.floor(irq / BLOCK_SOURCES)),
    findServer: (server) => findServer(state, server),
    endVpIpi: (vcpu) => sourceEoi(xive, ipiOf(vcpu)),
    triggerVpIpi: (vcpu) => xive.sources.trigger(ipiOf(vcpu)),
    endSource: (index) => sourceEoi(xive, index),
    triggerSource: (index) => xive.sources.trigger(index),
  };
}
