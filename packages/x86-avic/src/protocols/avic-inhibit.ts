// Delivery of an interrupt against AVIC being switched off for its vCPU. Linux: arch/x86/kvm/svm/svm.c svm_complete_interrupt_delivery, lapic.c __kvm_vcpu_update_apicv.

import { struct, u1, type ViewOf } from '@virq/irq-core/arena';
import { BLOCKED, defineFamily, defineModel, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';

/** One vCPU. `request` is KVM_REQ_EVENT, `doorbell` an AVIC doorbell that its pCPU has not evaluated. */
const Vcpu = struct('vcpu', {
  irr: u1,
  isr: u1,
  apicvActive: u1,
  request: u1,
  doorbell: u1,
  inhibit: u1,
});

/** The vCPU. */
export interface AvicInhibit {
  readonly vcpu: ViewOf<typeof Vcpu>;
}

const { protocol } = protocolsOn<AvicInhibit>();
const { quiescent, sometimes } = propertiesOn<AvicInhibit>();

/** svm_deliver_interrupt: IRR first, then how to tell the vCPU (66fa226c131f). */
export const deliver = protocol('svm_deliver_interrupt', { active: u1 }, () => ({
  setIrr(m) {
    m.vcpu.irr = 1;
  },
  readApicvActive(m, f) {
    f.active = m.vcpu.apicvActive;
  },
  tell(m, f) {
    if (f.active === 1) m.vcpu.doorbell = 1;
    else m.vcpu.request = 1;
  },
}));

/** Another vCPU, or the VMM, sets a reason for which AVIC must be off: kvm_set_apicv_inhibit makes KVM_REQ_APICV_UPDATE. */
export const inhibit = protocol('kvm_set_apicv_inhibit', {}, () => ({
  request(m) {
    m.vcpu.inhibit = 1;
  },
}));

function accept({ vcpu }: AvicInhibit): void {
  vcpu.isr = vcpu.irr;
  vcpu.irr = 0;
}

/**
 * vcpu_enter_guest and the guest behind it. A doorbell makes the pCPU evaluate the IRR only while AVIC is active for the guest;
 * a request makes the vCPU leave the guest and look.
 */
export const runVcpu = protocol('vcpu_enter_guest', {}, (p) => ({
  updateApicv(m) {
    if (m.vcpu.inhibit === 0) return 'checkEvent';
    m.vcpu.inhibit = 0;
    m.vcpu.apicvActive = 0;
    return undefined;
  },
  requestEvent(m) {
    m.vcpu.request = 1;
  },
  checkEvent(m) {
    if (m.vcpu.request === 0) return 'evaluateIrr';
    m.vcpu.request = 0;
    return undefined;
  },
  inject(m) {
    if (m.vcpu.irr === 1 && m.vcpu.apicvActive === 0) accept(m);
  },
  evaluateIrr(m) {
    if (m.vcpu.apicvActive === 1 && m.vcpu.irr === 1) accept(m);
  },
  guest: p.idle((m) => {
    const { vcpu } = m;
    if (vcpu.inhibit === 1 || vcpu.request === 1) return 'updateApicv';
    if (vcpu.doorbell === 0) return BLOCKED;
    vcpu.doorbell = 0;
    return 'evaluateIrr';
  }),
}));

/** An interrupt is delivered while AVIC is switched off. */
export const avicInhibit = defineFamily({
  name: 'avic-inhibit',
  summary: 'AVIC: an interrupt is delivered while AVIC is switched off for its vCPU',
  scope: {},
  build: () =>
    defineModel({
      name: 'avic-inhibit',
      layout: { vcpu: Vcpu },
      processes: 3,
      protocols: [runVcpu, deliver, inhibit],
      machine: ({ vcpu }): AvicInhibit => ({ vcpu }),
      start(m, spawn) {
        m.vcpu.apicvActive = 1;
        spawn(runVcpu);
        spawn(deliver);
        spawn(inhibit);
      },
      properties: [
        quiescent('no interrupt is left undelivered', (m) => m.vcpu.irr === 0, {
          consequence: 'the interrupt waits for an unrelated exit; a guest that spins without exits never gets it',
        }),
        sometimes('it is delivered by doorbell', (m) => m.vcpu.isr === 1 && m.vcpu.apicvActive === 1),
        sometimes('it is delivered after AVIC was switched off', (m) => m.vcpu.isr === 1 && m.vcpu.apicvActive === 0),
      ],
    }),
});
