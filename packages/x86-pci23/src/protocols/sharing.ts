// The host line becomes shared or exclusive, and the mask follows. The series of December 2010 ("KVM: Allow host IRQ sharing for passed-through PCI 2.3 devices", patches 1 and 5), never merged in this form.

import { u1, u8 } from '@virq/irq-core/arena';
import { protocolsOn } from '@virq/irq-core/protocol';
import { MASKING } from '../layout.ts';
import type { AssignWorld } from '../world.ts';

/**
 * Alone on its line a device is masked by disable_irq, which is cheaper than a configuration cycle; with others by DisINTx. A mask that is in
 * place moves: first the new one, then the old one goes. Which it is to be is looked up under the lock, so that two switches may overtake
 * each other. Abstraction: the order of the steps is derived; the patches say only that the switch happens on demand.
 */
export const switchMasking = protocolsOn<AssignWorld>().protocol(
  'kvm_assigned_dev_sharing',
  { device: u8, to: u1 },
  (p) => ({
    ...p.spinlocked('intx', (m, f) => m.parts.assign.intx.device(f.device).intxLock, {
      decide(m, f) {
        const { intx } = m.parts.assign;
        const d = intx.device(f.device);
        f.to = m.host.isShared(intx.hostIrq(f.device)) ? MASKING.DEVICE : MASKING.LINE;
        if (f.to === d.masking) return 'unlock intx';
        return d.hostIrqDisabled === 1 ? undefined : 'turn';
      },
      maskNew(m, f) {
        if (f.to === MASKING.DEVICE) m.pci.intx(f.device, false);
        else m.host.disable(m.parts.assign.intx.hostIrq(f.device));
      },
      dropOld(m, f) {
        if (f.to === MASKING.DEVICE) m.host.enable(m.parts.assign.intx.hostIrq(f.device));
        else m.pci.intx(f.device, true);
      },
      turn(m, f) {
        m.parts.assign.intx.device(f.device).masking = f.to;
      },
    }),
    finish(m, f) {
      m.parts.assign.intx.device(f.device).switches--;
    },
  }),
);
