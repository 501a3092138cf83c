// Assigned devices as one line each.

import type { InspectSection } from '@virq/irq-core/backend';
import type { Assignment } from './assignment.ts';
import { MASKING } from './layout.ts';

/** Every assigned device: its line, how it is masked, what the guest thinks. */
export function inspect({ state, intx, host, pci, name }: Assignment): readonly InspectSection[] {
  const lines: string[] = [];
  for (let i = 0; i < state.devices.length; i++) {
    const d = state.devices.at(i);
    if (d.assigned === 0) continue;
    const irq = intx.hostIrq(i);
    const where = d.masking === MASKING.DEVICE ? 'DisINTx' : 'disable_irq';
    const masked = d.hostIrqDisabled === 1 ? `masked by ${where}` : `masks by ${where}`;
    const guest = d.guestMasked === 1 ? ', masked by the guest' : '';
    const sign = (on: boolean): string => (on ? '+' : '-');
    lines.push(
      `${name(i)}: vm ${d.vm} gsi ${d.gsi} source ${d.source}, irq ${irq} depth ${host.state.irqs.at(irq).depth}, ` +
        `${masked}${guest}, DisINTx${sign(pci.isMasked(i))} INTx${sign(pci.isPending(i))}`,
    );
  }
  return [{ title: 'assigned devices', lines }];
}
