// What the GIC drives into CPU 0, the only CPU whose inputs qtest sees, and how that changed. QEMU 7.2: target/arm/cpu.h ARM_CPU_IRQ, ARM_CPU_FIQ.

import type { VirtState } from './layout.ts';

/** Inputs of a CPU, by their number. */
export const PIN = { IRQ: 0, FIQ: 1 } as const;

const FIELD = ['irq', 'fiq'] as const;

/** Sets an input; a change is noted. */
export function drive({ pins }: VirtState, pin: (typeof PIN)[keyof typeof PIN], level: number): void {
  const field = FIELD[pin];
  if (pins[field] === level) return;
  pins[field] = level;
  if (pins.count < pins.changes.length) pins.changes.set(pins.count++, 2 * pin + level);
}

/** Forgets the changes: a new operation begins. */
export function beginOperation({ pins }: VirtState): void {
  pins.count = 0;
}

/** Changes of this operation, in order. */
export const changesOf = ({ pins }: VirtState): [string, number][] =>
  Array.from({ length: pins.count }, (_, i) => [
    (pins.changes.get(i) & 1) === 1 ? 'raise' : 'lower',
    pins.changes.get(i) >> 1,
  ]);
