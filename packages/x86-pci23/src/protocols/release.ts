// The host side of an interrupt is given back. Linux ≤ 4.11: arch/x86/kvm/assigned-dev.c deassign_host_irq.

import { u8 } from '@virq/irq-core/arena';
import { BLOCKED, protocolsOn } from '@virq/irq-core/protocol';
import { ASSIGNED_ACTION } from '../actions.ts';
import { MASKING } from '../layout.ts';
import type { AssignWorld } from '../world.ts';

/** deassign_host_irq of INTx: silence the device or the line, wait for those who are in the handler, then go. */
export const kvmDeassignHostIntx = protocolsOn<AssignWorld>().protocol(
  'deassign_host_irq',
  { device: u8, kind: u8 },
  (p) => ({
    ...p.spinlocked('intx', (m, f) => m.parts.assign.intx.device(f.device).intxLock, {
      silence(m, f) {
        const { intx } = m.parts.assign;
        if (f.kind === ASSIGNED_ACTION.PCI_2_3) m.pci.intx(f.device, false);
        else m.host.disable(intx.hostIrq(f.device));
      },
    }),
    synchronize: (m, f) => (m.host.isBusy(m.parts.assign.intx.hostIrq(f.device)) ? BLOCKED : undefined),
    free(m, f) {
      const { intx } = m.parts.assign;
      const d = intx.device(f.device);
      const disabled = f.kind === ASSIGNED_ACTION.PCI_2_3 && d.masking === MASKING.LINE && d.hostIrqDisabled === 1;
      if (disabled) m.host.enable(intx.hostIrq(f.device));
      m.host.free(intx.hostIrq(f.device), f.kind, f.device);
      d.hostIrqDisabled = 0;
      d.masking = MASKING.DEVICE;
    },
  }),
);
