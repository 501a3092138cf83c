// Paths as they would have to be, where the kernel's lose or repeat interrupts. Each differs from the kernel's in the steps that are named here.

import { BLOCKED, replace } from '@virq/irq-core/protocol';
import { ackEoi, isAckBusy, vgicFoldLrState } from '../lists/fold.ts';
import { type VgicMachine, vgicOf } from '../lists/world.ts';

/**
 * The fold of a GICv3 host that tells the irqfd of every EOI that an LR shows, as it is on GICv2 hosts and was up to 6.18: what software knew of the interrupt when it
 * was loaded says nothing of what the guest has done since.
 */
export const foldAcksAlways = replace(vgicFoldLrState, 'ackLate', (m: VgicMachine, f) => {
  const w = vgicOf(m, f);
  const lr = f.walking === 1 ? w.interfaces.at(f.vcpu).pseudo : w.interfaces.at(f.vcpu).lrs.at(f.lr);
  if (w.form.ack[w.host] !== 'deactivated') return undefined;
  if (isAckBusy(w, lr, f)) return BLOCKED;
  ackEoi(w, lr);
  return undefined;
});
