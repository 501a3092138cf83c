// AVIC goes off and on for a whole VM: a reason is set, vCPUs are kicked, each flips itself. Linux: arch/x86/kvm/x86.c kvm_set_or_clear_apicv_inhibit, lapic.c __kvm_vcpu_update_apicv.

import { u1, u8, u16, u32 } from '@virq/irq-core/arena';
import { DONE, protocolsOn } from '@virq/irq-core/protocol';
import type { Avic } from '../avic/avic.ts';
import { X86_REQ } from '../context.ts';
import { activateGuestMode, deactivateGuestMode, invalidate } from '../iommu/amd.ts';
import { avicOf, type X86World } from './world.ts';

const { protocol } = protocolsOn<X86World>();

/**
 * kvm_set_apicv_inhibit and kvm_clear_apicv_inhibit with `reason` as a mask: only the first reason and the last matter to vCPUs, which are kicked
 * before the new value is stored; they wait for the lock to read it. Abstraction: apicv_update_lock, a rwsem, excludes readers from each other too.
 */
export const kvmSetApicvInhibit = protocol('kvm_set_apicv_inhibit', { vm: u8, set: u1, reason: u32 }, (p) => ({
  ...p.locked('apicv_update', (m, f) => avicOf(m, f).state.updateLock, {
    kickAll(m, f) {
      const a = avicOf(m, f);
      if ((next(a, f) === 0) === (a.state.inhibits === 0)) return;
      a.vcpus.requestAll(X86_REQ.APICV_UPDATE);
      for (let vcpu = 0; vcpu < a.vcpus.count; vcpu++) a.vcpus.kick(vcpu);
    },
    store(m, f) {
      const a = avicOf(m, f);
      a.state.inhibits = next(a, f);
      if (!a.trace.on) return;
      const reason = 31 - Math.clz32(f.reason);
      a.trace.emit('kvm_apicv_inhibit_changed', { set: f.set, reason, inhibits: a.state.inhibits });
    },
  }),
}));

const next = (a: Avic, f: { set: number; reason: number }): number =>
  (f.set === 1 ? a.state.inhibits | f.reason : a.state.inhibits & ~f.reason) >>> 0;

const LOCALS = { vm: u8, vcpu: u16, next: u16 } as const;
type Frame = { vm: number; vcpu: number; next: number };

/** One IRTE of the list in the mode that the vCPU now has; true while there are more. */
function switchNext(m: X86World, f: Frame, active: boolean): boolean {
  const a = avicOf(m, f);
  const { irList, entry } = a.at(f.vcpu);
  const irq = irList.next(f.next);
  f.next = irq + 1;
  if (irq < 0) return false;
  const d = a.host.irq(irq);
  if (active) {
    const target = { frame: a.frameOf(f.vcpu), vector: a.host.guestVector(irq), tag: a.tagOf(f.vcpu) };
    activateGuestMode(d, target, { cpu: entry.isRunning === 1 ? entry.hostId : -1, log: entry.gaLogIntr });
  } else deactivateGuestMode(d);
  invalidate(d);
  return true;
}

/** IsRunning in both copies of the entry. */
function run(a: Avic, vcpu: number, running: number): void {
  for (const e of a.runningEntries(vcpu)) {
    e.isRunning = running;
    if (running === 1) e.hostId = Math.max(0, a.vcpus.pcpu(vcpu));
  }
}

/** kvm_vcpu_update_apicv, avic_refresh_apicv_exec_ctrl: what the IRR holds is looked at anew when AVIC goes off (KVM_REQ_EVENT). */
export const kvmVcpuUpdateApicv = protocol('kvm_vcpu_update_apicv', LOCALS, (p) => ({
  ...p.locked('apicv_update', (m, f) => avicOf(m, f).state.updateLock, {
    flip(m, f) {
      const a = avicOf(m, f);
      const active = a.state.inhibits === 0 ? 1 : 0;
      if (active === a.at(f.vcpu).active) return 'unlock apicv_update';
      a.at(f.vcpu).active = active;
      if (active === 0) a.vcpus.request(f.vcpu, X86_REQ.EVENT);
      return active === 1 ? 'lock ir_list' : 'lock ir_list (off)';
    },
    ...p.spinlocked('ir_list', (m, f) => avicOf(m, f).at(f.vcpu).irListLock, {
      setRunning(m, f) {
        const a = avicOf(m, f);
        if (a.vcpus.pcpu(f.vcpu) >= 0) run(a, f.vcpu, 1);
      },
      activate: (m, f) => (switchNext(m, f, true) ? 'activate' : undefined),
    }),
    isOn: () => 'unlock apicv_update',
    ...p.spinlocked('ir_list (off)', (m, f) => avicOf(m, f).at(f.vcpu).irListLock, {
      deactivate: (m, f) => (switchNext(m, f, false) ? 'deactivate' : undefined),
      clearRunning: (m, f) => run(avicOf(m, f), f.vcpu, 0),
    }),
  }),
  end: () => DONE,
}));
