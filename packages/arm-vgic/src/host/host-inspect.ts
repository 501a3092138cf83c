// The host's GIC as a kernel engineer reads it: vPEs with what is pending for them, and where devices' events lead.

import type { InspectSection } from '@virq/irq-core/backend';
import { MSI_IRQ_BASE } from '@virq/irq-core/vfio';
import type { ArmHost } from './arm-host.ts';
import type { Gicv4 } from './gicv4.ts';
import { VECTORS } from './physical-its.ts';

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** INTIDs that are pending for a vPE. */
export function pendingOf({ state: { vlpis, vpes } }: Gicv4, vpe: number): number[] {
  const { sgis } = vpes.at(vpe);
  const found = range(sgis.length).filter((sgi) => sgis.at(sgi).pending === 1);
  for (let i = vlpis.next(0); i >= 0; i = vlpis.next(i + 1))
    if (vlpis.slot(i).vpe === vpe && vlpis.slot(i).pending === 1) found.push(vlpis.slot(i).intid);
  return found.sort((a, b) => a - b);
}

function vpeLine(gic: Gicv4, vpe: number): string {
  const v = gic.vpes.at(vpe);
  const flags = `${v.valid ? 'R' : '-'}${v.pendingLast ? 'L' : '-'}${v.armed ? 'D' : '-'}${v.doorbell.off ? 'm' : '-'}`;
  const pending = pendingOf(gic, vpe);
  return `vPE ${vpe}  ${flags}  cpu ${v.cpu}  vLPIs ${v.vlpis}  pending ${pending.length === 0 ? '-' : pending.join(' ')}`;
}

function eventLine({ state: { msis, vlpis } }: Gicv4, index: number): string {
  const { vlpi } = msis.at(index);
  const to = vlpi === 0 ? 'LPI of the host' : `vLPI ${vlpis.at(vlpi).intid} of vPE ${vlpis.at(vlpi).vpe}`;
  return `irq ${MSI_IRQ_BASE + index}  device ${Math.floor(index / VECTORS)} event ${index % VECTORS} → ${to}`;
}

/** Nothing on a host with a GICv3. */
export function hostInspect({ gicv4: gic }: ArmHost): readonly InspectSection[] {
  if (gic === null) return [];
  const { vpes, msis } = gic.state;
  const mapped = range(vpes.length).filter((vpe) => vpes.at(vpe).mapped === 1);
  const events = range(msis.length).filter((i) => msis.at(i).mapped === 1);
  return [
    {
      title: 'vPEs (R resident, L PendingLast, D doorbell armed, m doorbell masked)',
      lines: mapped.map((vpe) => vpeLine(gic, vpe)),
    },
    { title: 'Events of the ITS', lines: events.map((i) => eventLine(gic, i)) },
  ];
}
