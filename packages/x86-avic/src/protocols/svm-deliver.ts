// An interrupt for a vCPU whose local APIC may be accelerated: IRR first, then whoever has to know. Linux: arch/x86/kvm/svm/svm.c svm_deliver_interrupt.

import { protocolsOn } from '@virq/irq-core/protocol';
import { X86_REQ } from '../context.ts';
import { DELIVER_LOCALS } from './vmx-deliver.ts';
import { avicOf, type X86World } from './world.ts';

/** The IRR is set before apicv_active is read (66fa226c131f): a vCPU that switches AVIC off in between sees the bit when it does. */
export const svmDeliverInterrupt = protocolsOn<X86World>().protocol('svm_deliver_interrupt', DELIVER_LOCALS, () => ({
  setIrr: (m, f) => avicOf(m, f).setIrr(f.vcpu, f.vector),
  readApicvActive(m, f) {
    f.active = avicOf(m, f).isActive(f.vcpu) ? 1 : 0;
  },
  tell(m, f) {
    const a = avicOf(m, f);
    if (f.active === 1) {
      a.traceAccepted(f.vcpu, f);
      a.ring(f.vcpu);
      return;
    }
    a.vcpus.request(f.vcpu, X86_REQ.EVENT);
    a.vcpus.kick(f.vcpu);
  },
}));
