// APICv goes off and on for a vCPU on VMX. Linux: arch/x86/kvm/lapic.c __kvm_vcpu_update_apicv, vmx.c vmx_refresh_apicv_exec_ctrl.

import { u8, u16 } from '@virq/irq-core/arena';
import { DONE, protocolsOn } from '@virq/irq-core/protocol';
import { X86_REQ } from '../context.ts';
import { avicOf, type X86World } from './world.ts';

/**
 * The CPU learns what is requested and what is in service: an EOI that it virtualizes ends what SVI names ("KVM: VMX: Update SVI during runtime APICv activation"). IRTEs stay
 * as they are: posting needs the descriptor only, and with APICv off the notification is an exit.
 */
export const vmxVcpuUpdateApicv = protocolsOn<X86World>().protocol(
  'kvm_vcpu_update_apicv (vmx)',
  { vm: u8, vcpu: u16 },
  (p) => ({
    ...p.locked('apicv_update', (m, f) => avicOf(m, f).state.updateLock, {
      flip(m, f) {
        const a = avicOf(m, f);
        const active = a.state.inhibits === 0 ? 1 : 0;
        if (active === a.at(f.vcpu).active) return 'unlock apicv_update';
        a.at(f.vcpu).active = active;
        if (active === 1) return undefined;
        a.vcpus.request(f.vcpu, X86_REQ.EVENT);
        return 'unlock apicv_update';
      },
      refreshStatus: (m, f) => vmOf(m, f).vmx.refreshStatus(f.vcpu),
    }),
    end: () => DONE,
  }),
);

const vmOf = (m: X86World, f: { vm: number }) => (m.vms[f.vm] as X86World['vms'][number]).chip;
