// A VGIC as a kernel engineer reads it: a dense line per thing that is not as after reset.

import type { InspectSection } from '@virq/irq-core/backend';
import type { ArmChip } from '../chip.ts';
import { cpuLines, lrLines } from './cpu.ts';
import { distributorLines, listLines, redistributorLines } from './distributor.ts';
import { interruptLines, LETTERS } from './interrupts.ts';
import { itsSections } from './its.ts';

/** Sections of one VM; without the empty ones. */
export function inspect(c: ArmChip): readonly InspectSection[] {
  const sections: InspectSection[] = [
    { title: 'Distributor', lines: distributorLines(c) },
    { title: 'Redistributors', lines: redistributorLines(c) },
    { title: `Interrupts (${LETTERS})`, lines: interruptLines(c) },
    { title: 'ap_lists', lines: listLines(c) },
    { title: 'CPU interfaces', lines: cpuLines(c) },
    { title: 'List registers', lines: lrLines(c) },
    ...itsSections(c),
  ];
  return sections.filter(({ lines }) => lines.length > 0);
}
