// Human view of a virt machine: what is pending and active, what each CPU would take next.

import type { InspectSection } from '@virq/irq-core/backend';
import type { VirtChip } from './chip.ts';
import { NOTHING } from './gicv3/best.ts';
import { runningPriority } from './gicv3/signal.ts';
import { VIRT_OBSERVE } from './observe.ts';

const list = (c: VirtChip, key: string): string => JSON.stringify(VIRT_OBSERVE[key]?.(c));

function cpuLines({ virt }: VirtChip): string[] {
  if (virt.backend === 'gicv2') {
    const { best, running } = virt.state.gicv2;
    return [`CPU 0: next ${best}, running 0x${running.toString(16)}`];
  }
  return Array.from({ length: virt.cpus }, (_, n) => {
    const cpu = virt.state.cpus.at(n);
    const next = cpu.best.priority === NOTHING ? 1023 : cpu.best.intid;
    return `CPU ${n}: next ${next}, running 0x${runningPriority(cpu).toString(16)}`;
  });
}

/** Sections of one machine. */
export const inspectVirt = (c: VirtChip): readonly InspectSection[] => [
  { title: 'distributor', lines: ['enabled', 'pending', 'active'].map((key) => `${key} ${list(c, key)}`) },
  { title: 'CPU interfaces', lines: cpuLines(c) },
];
