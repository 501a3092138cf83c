// QEMU's virt machine as qtest drives it: which controllers there are, how many interrupts, where firmware would put tables. QEMU 7.2: hw/arm/virt.c.

import type { Trace } from '@virq/irq-core/events';
import type { Ram } from '../memory/ram.ts';
import type { VirtState } from './layout.ts';

/** Machines, as `start` names them: a GICv2, a GICv3, one with an ITS whose CPUs execute, one whose CPUs have EL2. */
export const BACKENDS = ['gicv2', 'gicv3', 'its', 'gicv3-cpu'] as const;
export type VirtBackend = (typeof BACKENDS)[number];

/** Interrupts of the distributor without LPIs: NUM_IRQS and the private ones. */
export const IRQS = 288;
export const PRIVATE = 32;
/** Words of a register with one bit for each. */
export const WORDS = IRQS / 32;
/** CPUs of a machine, at most: a GICv2 has eight, qtest sees one of them. */
export const MAX_CPUS = 8;
/** List registers of a CPU (cortex-a57). */
export const LIST_REGISTERS = 4;
/** PPI of the virtual maintenance interrupt. */
export const MAINTENANCE_PPI = 25;

/** Guest memory, bytes. */
export const RAM = { base: 0x40000000, bytes: 128 * 2 ** 20 } as const;

/** A machine. `touched` is the range of interrupts whose state an access has changed, until the access ends. */
export interface Virt {
  readonly state: VirtState;
  readonly ram: Ram;
  readonly trace: Trace;
  readonly backend: VirtBackend;
  readonly cpus: number;
  readonly touched: { first: number; count: number };
}

/** True for the machines whose CPU interfaces are reached by instructions. */
export const executes = ({ backend }: Virt): boolean => backend === 'its' || backend === 'gicv3-cpu';

/** Notes that an access changes interrupts; ranges of one access are adjacent. */
export function touch({ touched }: Virt, first: number, count: number): void {
  touched.first = touched.count === 0 ? first : Math.min(touched.first, first);
  touched.count += count;
}
