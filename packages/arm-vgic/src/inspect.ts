// Human view of a VGIC: distributor, ap_lists.

import type { InspectSection } from '@virq/irq-core/backend';
import type { ArmChip } from './chip.ts';
import { isPending } from './irq/state.ts';

function listLines({ lists, options }: ArmChip): string[] {
  const lines: string[] = [];
  for (let vcpu = 0; vcpu < options.vcpus; vcpu++) {
    const on: string[] = [];
    for (let at = lists.apLists.at(vcpu).first; at !== 0; at = lists.irqs.at(at - 1).next) {
      const i = lists.irqs.at(at - 1);
      on.push(`${i.intid}${isPending(i) ? 'P' : ''}${i.active === 1 ? 'A' : ''}`);
    }
    if (on.length > 0) lines.push(`vCPU ${vcpu}: ${on.join(' ')}`);
  }
  return lines;
}

/** Sections of one VM. */
export const inspect = (c: ArmChip): readonly InspectSection[] => [
  { title: 'distributor', lines: [`GICv${c.state.dist.model} ${c.state.dist.enabled === 1 ? 'on' : 'off'}`] },
  { title: 'ap_list', lines: listLines(c) },
];
