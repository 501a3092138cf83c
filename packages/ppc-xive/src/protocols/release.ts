// The last reference to the device's file goes. Linux: book3s_xive_native.c kvmppc_xive_native_release, kvmppc_xive_native_cleanup_vcpu; kvm->lock is held.

import { u8, u16 } from '@virq/irq-core/arena';
import { BLOCKED, type Combinators, type Outcome, protocolsOn } from '@virq/irq-core/protocol';
import { freeEscalation } from '../kvm/escalation.ts';
import { DEVICE, Q_COUNT, type XiveVcpu } from '../kvm/layout.ts';
import { cleanupQueue } from '../kvm/native-queue.ts';
import { disableVcpuInterrupts, freeSources } from '../kvm/switch-off.ts';
import { disableVp, freeVps } from '../kvm/vp.ts';
import { type PowerMachine, roomOf } from './world.ts';

const { protocol } = protocolsOn<PowerMachine>();

/** `vcpu` is the next vCPU to be cleaned up. */
export const RELEASE_LOCALS = { vm: u8, vcpu: u16 } as const;
type Frame = { -readonly [K in keyof typeof RELEASE_LOCALS]: number };

const stateOf = (m: PowerMachine, f: Frame) => roomOf(m, f).context.state;
const vcpuOf = (m: PowerMachine, f: Frame): XiveVcpu => stateOf(m, f).vcpus.at(f.vcpu);

/** Waits for vcpu->mutex, which a running vCPU holds: while it is in the guest its context cannot go. */
function lockVcpu(m: PowerMachine, f: Frame, self: number): Outcome<'freeXive'> {
  if (f.vcpu === stateOf(m, f).vcpus.length) return 'freeXive';
  const { mutex } = vcpuOf(m, f);
  if (mutex.holder !== 0) return BLOCKED;
  mutex.holder = self + 1;
  return undefined;
}

function isConnected(m: PowerMachine, f: Frame): Outcome<'unlockVcpu'> {
  return vcpuOf(m, f).irqType === DEVICE.XIVE ? undefined : 'unlockVcpu';
}

/** No interrupt is routed to the VP any more. */
function disableInterrupts(m: PowerMachine, f: Frame): void {
  vcpuOf(m, f).valid = 0;
  disableVcpuInterrupts(roomOf(m, f).context, roomOf(m, f).sources, f.vcpu);
}

/** Before the VP: disabling that makes loads from the escalations' ESBs answer all ones. */
function freeEscalations(m: PowerMachine, f: Frame): void {
  for (let priority = 0; priority < Q_COUNT; priority++) freeEscalation(roomOf(m, f).context, f.vcpu, priority);
}

function disableVcpu(m: PowerMachine, f: Frame): void {
  const v = vcpuOf(m, f);
  disableVp(roomOf(m, f).context, v.vpId);
  v.cam = 0;
}

function freeQueues(m: PowerMachine, f: Frame): void {
  for (let priority = 0; priority < Q_COUNT; priority++) cleanupQueue(roomOf(m, f).context, vcpuOf(m, f), priority);
}

/** The context of the vCPU is freed: nothing of it is left, what its queues counted neither. */
function freeVcpu(m: PowerMachine, f: Frame): void {
  const v = vcpuOf(m, f);
  Object.assign(v, { irqType: DEVICE.NONE, serverNum: 0, vpId: 0, delayedIrq: 0, escLost: 0 });
  for (let priority = 0; priority < Q_COUNT; priority++)
    Object.assign(v.queues.at(priority), {
      count: 0,
      pendingCount: 0,
      idx: 0,
      toggle: 0,
      qshift: 0,
      escIrq: 0,
      ...NO_GUEST,
    });
}

const NO_GUEST = { guestQaddr: 0n, guestQshift: 0, frame: 0, dirty: 0 } as const;

function unlockVcpu(m: PowerMachine, f: Frame): 'lockVcpu' {
  vcpuOf(m, f).mutex.holder = 0;
  f.vcpu++;
  return 'lockVcpu';
}

/**
 * Release. Since each mapping holds the file, no fault and no mmap can run beside it; vCPUs can. What is passed through stays so: the
 * host's irq is forwarded and the VM's map has its entry until the irqfd and the vector part.
 */
export const xiveRelease = protocol(
  'kvmppc_xive_native_release',
  RELEASE_LOCALS,
  (p: Combinators<PowerMachine, Frame>) => ({
    ...p.locked('kvm', (m, f) => stateOf(m, f).kvmLock, {
      ...p.locked('mapping', (m, f) => stateOf(m, f).mappingLock, {
        forgetMapping(m, f) {
          stateOf(m, f).mapping = 0;
        },
      }),
      lockVcpu,
      isConnected,
      disableInterrupts,
      freeEscalations,
      disableVcpu,
      freeQueues,
      freeVcpu,
      unlockVcpu,
      freeXive(m, f) {
        stateOf(m, f).device = DEVICE.NONE;
      },
      freeSources: (m, f) => freeSources(roomOf(m, f).context, roomOf(m, f).sources),
      freeVps: (m, f) => freeVps(roomOf(m, f).context),
    }),
  }),
);
