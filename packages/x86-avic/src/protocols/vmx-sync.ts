// What was posted joins the IRR before a vCPU enters. Linux: arch/x86/kvm/vmx/vmx.c vmx_sync_pir_to_irr.

import { u8, u16 } from '@virq/irq-core/arena';
import { protocolsOn } from '@virq/irq-core/protocol';
import { movePir } from '../posted/pi-descriptor.ts';
import { type PostedWorld, vmxOf } from './posted-world.ts';

/** ON goes first, so that what is posted later notifies again. APICv may be off for the vCPU: devices post to it all the same (7e1901f6c86c, 37c4dbf337c5). */
export const vmxSyncPirToIrr = protocolsOn<PostedWorld>().protocol(
  'vmx_sync_pir_to_irr',
  { vm: u8, vcpu: u16 },
  () => ({
    clearOn(m, f) {
      const vmx = vmxOf(m, f);
      const { desc } = vmx.at(f.vcpu);
      if (desc.on === 1) {
        desc.on = 0;
        return undefined;
      }
      vmx.recognise(f.vcpu, false);
      return 'done';
    },
    movePir(m, f) {
      const vmx = vmxOf(m, f);
      vmx.recognise(f.vcpu, movePir(vmx.at(f.vcpu).desc, vmx.irr(f.vcpu)) >= 0);
    },
    done: () => undefined,
  }),
);
