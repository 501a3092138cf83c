// An interrupt for a vCPU that may have APICv: PIR, ON, and whoever has to know. Linux: arch/x86/kvm/vmx/vmx.c vmx_deliver_interrupt, __vmx_deliver_posted_interrupt.

import { u1, u8, u16 } from '@virq/irq-core/arena';
import { DONE, protocolsOn } from '@virq/irq-core/protocol';
import { X86_REQ } from '../context.ts';
import { testAndSetOn, testAndSetPir } from '../posted/pi-descriptor.ts';
import { type PostedWorld, vmxOf } from './posted-world.ts';

/** Locals of the delivery protocols; `mode` and `trigger` are for the trace only. */
export const DELIVER_LOCALS = { vm: u8, vcpu: u16, vector: u8, active: u1, mode: u8, trigger: u1 } as const;

/**
 * Without APICv the IRR and KVM_REQ_EVENT. With it, what is requested or notified already needs nothing more: whoever set the bit before tells the vCPU. A vCPU that is not in the guest is woken in any case (fdba608f15e2): it may be
 * the one that runs here, about to sleep.
 */
export const vmxDeliverInterrupt = protocolsOn<PostedWorld>().protocol('vmx_deliver_interrupt', DELIVER_LOCALS, () => ({
  isActive(m, f) {
    const { isActive, irr, vcpus } = vmxOf(m, f);
    if (isActive(f.vcpu)) return undefined;
    irr(f.vcpu).add(f.vector);
    vcpus.request(f.vcpu, X86_REQ.EVENT);
    vcpus.kick(f.vcpu);
    return DONE;
  },
  setPir: (m, f) => (testAndSetPir(vmxOf(m, f).at(f.vcpu).desc, f.vector) ? 'accepted' : undefined),
  setOn: (m, f) => (testAndSetOn(vmxOf(m, f).at(f.vcpu).desc) ? 'accepted' : undefined),
  notify: (m, f) => vmxOf(m, f).trigger(f.vcpu),
  accepted: (m, f) => vmxOf(m, f).traceAccepted(f.vcpu, f),
}));
