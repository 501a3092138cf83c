// A vPE comes to a physical CPU and goes: load, put, and the doorbell that tells of what arrives meanwhile. Linux: arch/arm64/kvm/vgic/vgic-v4.c vgic_v4_load, vgic_v4_put,
// vgic_v4_doorbell_handler; drivers/irqchip/irq-gic-v4.c its_make_vpe_resident, its_make_vpe_non_resident.

import { u1, u8, u16 } from '@virq/irq-core/arena';
import { type Combinators, DONE, type Outcome, protocolsOn } from '@virq/irq-core/protocol';
import { ARM_REQ } from '../context.ts';
import type { Vpe } from '../host/gic-layout.ts';
import type { Gicv4 } from '../host/gicv4.ts';
import type { V4 } from './v4.ts';
import { gicOf, type V4Machine, v4Of, vpeIndexOf, vpeOf } from './world.ts';

const { protocol } = protocolsOn<V4Machine>();

/** `cpu` is the physical CPU of a load, `wfi` says that the vCPU blocks, `last` is what the hardware answered for PendingLast, `stored` says that it is kept. */
export const RESIDENCY_LOCALS = { vm: u8, vcpu: u16, cpu: u8, wfi: u1, last: u1, stored: u1 } as const;
/** Frame of load and put. */
export type ResidencyFrame = { -readonly [K in keyof typeof RESIDENCY_LOCALS]: number };

const vpeLockOf = (m: V4Machine, f: ResidencyFrame) => vpeOf(v4Of(m, f), f.vcpu).vpeLock;
const descLockOf = (m: V4Machine, f: ResidencyFrame) => vpeOf(v4Of(m, f), f.vcpu).descLock;
const is40 = (v: V4): boolean => gicOf(v).vpes.version === 4;

/** A step on the VM of a frame. */
const on =
  <O extends Outcome | undefined>(step: (v: V4, f: ResidencyFrame) => O) =>
  (m: V4Machine, f: ResidencyFrame): O =>
    step(v4Of(m, f), f);

function needsLoad(v: V4, f: ResidencyFrame): typeof DONE | undefined {
  return !v.isDirect() || vpeOf(v, f.vcpu).resident === 1 || f.wfi === 1 ? DONE : undefined;
}

/** irq_set_affinity of the doorbell, which moves the vPE; a CPU that it is on already costs nothing. */
function move(v: V4, f: ResidencyFrame): void {
  const { vpes } = gicOf(v);
  if (vpes.at(vpeIndexOf(v, f.vcpu)).cpu !== f.cpu) vpes.move(vpeIndexOf(v, f.vcpu), f.cpu);
}

function schedule(v: V4, f: ResidencyFrame): void {
  gicOf(v).vpes.schedule(vpeIndexOf(v, f.vcpu), v.context.state.dist.enabled);
}

function disableDoorbell(v: V4, f: ResidencyFrame): void {
  if (is40(v)) gicOf(v).vpes.disableDoorbell(vpeIndexOf(v, f.vcpu));
}

function markResident(v: V4, f: ResidencyFrame): void {
  vpeOf(v, f.vcpu).resident = 1;
}

function clearDoorbell(v: V4, f: ResidencyFrame): void {
  if (is40(v)) gicOf(v).vpes.clearDoorbell(vpeIndexOf(v, f.vcpu));
}

/** vgic_v4_load on `cpu`, preemption off. GICv4.0 has the doorbell off while the vPE is resident. */
export const vgicV4Load = protocol('vgic_v4_load', RESIDENCY_LOCALS, (p: Combinators<V4Machine, ResidencyFrame>) => ({
  needsLoad: on(needsLoad),
  ...p.spinlocked('desc', descLockOf, { ...p.spinlocked('vpe', vpeLockOf, { move: on(move) }) }),
  disableDoorbell: on(disableDoorbell),
  ...p.spinlocked('desc (schedule)', descLockOf, { schedule: on(schedule) }),
  markResident: on(markResident),
  clearDoorbell: on(clearDoorbell),
}));

function needsPut(v: V4, f: ResidencyFrame): typeof DONE | undefined {
  f.stored = 0;
  return v.isDirect() && vpeOf(v, f.vcpu).resident === 1 ? undefined : DONE;
}

function enableDoorbell(v: V4, f: ResidencyFrame): void {
  if (is40(v) && f.wfi === 1) gicOf(v).vpes.enableDoorbell(vpeIndexOf(v, f.vcpu));
}

function leaveHardware(v: V4, f: ResidencyFrame): void {
  f.last = gicOf(v).vpes.deschedule(vpeIndexOf(v, f.vcpu), f.wfi === 1);
}

/** Linux: GICv4.1 takes a vPE that does not block for one that has something pending. */
function storeLast(v: V4, f: ResidencyFrame): void {
  vpeOf(v, f.vcpu).pendingLast = is40(v) || f.wfi === 1 ? f.last : 1;
  f.stored = 1;
}

const unlessStored =
  (step: (v: V4, f: ResidencyFrame) => void) =>
  (v: V4, f: ResidencyFrame): void => {
    if (f.stored === 0) step(v, f);
  };

function markNonResident(v: V4, f: ResidencyFrame): void {
  const vpe = vpeOf(v, f.vcpu);
  vpe.resident = 0;
  vpe.ready = 0;
}

/**
 * vgic_v4_put. A vCPU in WFI wants the doorbell: GICv4.0 has it on before the vPE leaves, GICv4.1 arms it with the same write, and keeps PendingLast under vpe_lock
 * (a3f574cd6548). All of it is irq_set_vcpu_affinity, under the lock of the doorbell's descriptor.
 */
export const vgicV4Put = protocol('vgic_v4_put', RESIDENCY_LOCALS, (p: Combinators<V4Machine, ResidencyFrame>) => ({
  needsPut: on(needsPut),
  enableDoorbell: on(enableDoorbell),
  ...p.spinlocked('desc', descLockOf, {
    isRaced: (m, f): Outcome<'leaveHardware'> => (is40(v4Of(m, f)) || f.wfi === 0 ? 'leaveHardware' : undefined),
    ...p.spinlocked('vpe', vpeLockOf, { leaveLocked: on(leaveHardware), storeLocked: on(storeLast) }),
    leaveHardware: on(unlessStored(leaveHardware)),
    storeLast: on(unlessStored(storeLast)),
  }),
  markNonResident: on(markNonResident),
}));

/** The load in one go, for a run loop that nobody interleaves. */
export function loadAtOnce(v: V4, f: ResidencyFrame): void {
  if (needsLoad(v, f) === DONE) return;
  move(v, f);
  disableDoorbell(v, f);
  schedule(v, f);
  markResident(v, f);
  clearDoorbell(v, f);
}

/** The same of the put. */
export function putAtOnce(v: V4, f: ResidencyFrame): void {
  if (needsPut(v, f) === DONE) return;
  enableDoorbell(v, f);
  leaveHardware(v, f);
  storeLast(v, f);
  markNonResident(v, f);
}

const DOORBELL_LOCALS = { vm: u8, vcpu: u16 } as const;
type DoorbellFrame = { -readonly [K in keyof typeof DOORBELL_LOCALS]: number };

const vpesOf = (m: V4Machine, f: DoorbellFrame): Gicv4['vpes'] => gicOf(v4Of(m, f)).vpes;
const indexOf = (m: V4Machine, f: DoorbellFrame): number => vpeIndexOf(v4Of(m, f), f.vcpu);
const ownVpe = (m: V4Machine, f: DoorbellFrame): Vpe => vpeOf(v4Of(m, f), f.vcpu);

/** A host CPU takes a doorbell: the flow handler under the descriptor's lock, then vgic_v4_doorbell_handler. */
export const vgicV4DoorbellHandler = protocol(
  'vgic_v4_doorbell_handler',
  DOORBELL_LOCALS,
  (p: Combinators<V4Machine, DoorbellFrame>) => ({
    ...p.spinlocked('desc', (m, f) => ownVpe(m, f).descLock, {
      enterFlow: (m, f) => vpesOf(m, f).doorbellTaken(indexOf(m, f)),
    }),
    disableDoorbell(m, f) {
      if (vpesOf(m, f).version === 4) vpesOf(m, f).disableDoorbell(indexOf(m, f));
    },
    ...p.spinlocked('vpe', (m, f) => ownVpe(m, f).vpeLock, {
      notePending(m, f) {
        ownVpe(m, f).pendingLast = 1;
      },
    }),
    request: (m, f) => v4Of(m, f).context.kvm.vcpus.request(f.vcpu, ARM_REQ.IRQ_PENDING),
    kick: (m, f) => void v4Of(m, f).context.kvm.vcpus.kick(f.vcpu),
    finish: (m, f) => vpesOf(m, f).doorbellDone(indexOf(m, f)),
  }),
);

/** All of them. */
export const RESIDENCY_PROTOCOLS = [vgicV4Load, vgicV4Put, vgicV4DoorbellHandler] as const;
