// Who wins inside one 8259A: fully nested priorities rotated by priority_add. Intel 8259A data sheet; Linux: i8259.c get_priority, pic_get_irq.

import type { PicChip } from './layout.ts';

/** Priority level 0 (highest) … 7 of the best request in `mask`, 8 if none. Bit b has priority (b − priority_add) mod 8. */
export function priorityOf(chip: PicChip, mask: number): number {
  if (mask === 0) return 8;
  let priority = 0;
  while ((mask & (1 << ((priority + chip.priorityAdd) & 7))) === 0) priority++;
  return priority;
}

/** The input that would be acknowledged now, -1 if none. `isMaster` matters in special fully nested mode: IR2 does not block itself. */
export function requestOf(chip: PicChip, isMaster: boolean): number {
  const priority = priorityOf(chip, chip.irr & ~chip.imr);
  if (priority === 8) return -1;
  const inService = chip.specialFullyNestedMode === 1 && isMaster ? chip.isr & ~(1 << 2) : chip.isr;
  return priority < priorityOf(chip, inService) ? (priority + chip.priorityAdd) & 7 : -1;
}
