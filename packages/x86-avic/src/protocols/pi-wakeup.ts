// A vCPU that sleeps while devices post to it: its notifications wake it. Linux: arch/x86/kvm/vmx/posted_intr.c pi_enable_wakeup_handler, pi_wakeup_handler.

import { u1, u8, u16 } from '@virq/irq-core/arena';
import { assert, DONE, protocolsOn } from '@virq/irq-core/protocol';
import { NOTIFY, setControl } from '../posted/pi-descriptor.ts';
import { type PostedWorld, vmxOf } from './posted-world.ts';

const { protocol } = protocolsOn<PostedWorld>();

/** `cpu` is the CPU that the vCPU gets or has, `preempted` vcpu->preempted. */
export const PI_LOCALS = { vm: u8, vcpu: u16, cpu: u8, preempted: u1 } as const;
/** A frame with them. */
export type PiFrame = { vm: number; vcpu: number; cpu: number; preempted: number };

/** The list of the CPU that the vCPU is or was on. */
export function wakeupListOf(m: PostedWorld, f: PiFrame) {
  const vmx = vmxOf(m, f);
  return vmx.posted.state.wakeups.at(Math.max(0, vmx.at(f.vcpu).lastCpu - 1));
}

const slotOf = (m: PostedWorld, f: PiFrame): number => vmxOf(m, f).posted.slot(f.vm, f.vcpu);

/**
 * The list first, then NV; what was posted before went to the other vector and is made up for by an IPI to itself (a try_to_wake_up is not allowed here).
 * Abstraction: interrupts are not masked, so that the handler may come in between; it takes the same lock.
 */
export const piEnableWakeupHandler = protocol('pi_enable_wakeup_handler', PI_LOCALS, (p) => ({
  ...p.spinlocked('wakeup_vcpus', (m, f) => wakeupListOf(m, f).lock, {
    joinList: (m, f) => wakeupListOf(m, f).vcpus.add(slotOf(m, f)),
  }),
  redirect(m, f) {
    const { desc } = vmxOf(m, f).at(f.vcpu);
    assert(desc.sn === 0, 'PI descriptor SN field set before blocking');
    return setControl(desc, { nv: NOTIFY.WAKEUP }) === 0 ? DONE : undefined;
  },
  ipiSelf(m, f) {
    const { posted, at } = vmxOf(m, f);
    posted.notify(posted.ndst(at(f.vcpu).lastCpu - 1), NOTIFY.WAKEUP);
  },
}));

/** The vCPU leaves the list that it joined (first half of vmx_vcpu_pi_load). */
export function leaveWakeupList(m: PostedWorld, f: PiFrame): void {
  wakeupListOf(m, f).vcpus.delete(slotOf(m, f));
}

/** Wakes the next vCPU of the CPU's list if something was posted to it; false when there is none. */
function wakeNext(m: PostedWorld, f: { cpu: number; next: number }): boolean {
  const { posted } = m.parts.x86;
  const slot = posted.state.wakeups.at(f.cpu).vcpus.next(f.next);
  f.next = slot + 1;
  if (slot < 0) return false;
  const { vm, vcpu } = posted.ownerOf(slot);
  const vmx = vmxOf(m, { vm });
  if (vmx.at(vcpu).desc.on === 1) vmx.vcpus.wakeUp(vcpu);
  return true;
}

/** The handler of the wake-up vector on one CPU. */
export const piWakeupHandler = protocol('pi_wakeup_handler', { cpu: u8, next: u16 }, (p) => ({
  acknowledge(m, f) {
    m.parts.x86.pcpus.cpus.at(f.cpu).wakeup = 0;
  },
  ...p.spinlocked('wakeup_vcpus', (m, f) => m.parts.x86.posted.state.wakeups.at(f.cpu).lock, {
    wakeNext: (m, f) => (wakeNext(m, f) ? 'wakeNext' : undefined),
  }),
}));
