// What `observe` shows of vPEs.

import type { Json } from '@virq/irq-core/machine';
import type { ArmChip } from '../chip.ts';
import { pendingOf } from '../host/host-inspect.ts';

/** A vCPU's vPE: null on a host without GICv4. `pending` are INTIDs of its virtual pending table, `vlpis` is vlpi_count. */
function vpeOf({ context: { host, vm } }: ArmChip, vcpu: number): Json {
  const { gicv4 } = host;
  if (gicv4 === null) return null;
  const index = gicv4.indexOf(vm, vcpu);
  const { resident, cpu, pendingLast, vlpis } = gicv4.vpes.at(index);
  return { resident, cpu, pending_last: pendingLast, vlpis, pending: pendingOf(gicv4, index) };
}

/** LPIs that are forwarded: INTID and host irq. */
function forwarded({ state: { irqs } }: ArmChip): Json {
  const found: Json[] = [];
  const { lpis } = irqs;
  for (let i = lpis.next(0); i >= 0; i = lpis.next(i + 1))
    if (lpis.slot(i).hw === 1) found.push({ intid: lpis.slot(i).intid, irq: lpis.slot(i).hostIrq });
  return found;
}

/** State by key. */
export const V4_OBSERVE: Readonly<Record<string, (c: ArmChip) => Json>> = {
  vpe: (c) => Array.from({ length: c.options.vcpus }, (_, vcpu) => vpeOf(c, vcpu)),
  forwarded,
};
