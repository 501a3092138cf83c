// Priorities in the CPU interface of QEMU's GICv3, and whether what is pending is signalled. Five bits of priority (cortex-a57). QEMU 7.2: hw/intc/arm_gicv3_cpuif.c icc_hppi_can_preempt,
// icc_gprio_mask, icc_highest_active_prio, gicv3_cpuif_update.

import type { Cpu } from '../layout.ts';
import type { Virt } from '../machine.ts';
import { drive, PIN } from '../pins.ts';

/** Priority bits that a CPU has. */
export const PRIORITY_BITS = 5;
const IDLE = 0xff;

/** Least BPR0; BPR1 is at least one more. */
export const LEAST_BPR0 = 7 - PRIORITY_BITS;

/** Bits of a priority of `group` that decide about preemption. */
export function groupMask({ cbpr, bpr0, bpr1 }: Cpu, group: number): number {
  const shift = group === 1 && cbpr === 0 ? bpr1 : bpr0 + 1;
  return (0xff << shift) & 0xff;
}

/** ICC_RPR_EL1: 0xff while nothing is active. */
export function runningPriority({ ap0, ap1 }: Cpu): number {
  const active = ap0 | ap1;
  return active === 0 ? IDLE : (31 - Math.clz32(active & -active)) << (8 - PRIORITY_BITS);
}

/** What is held would be signalled. */
export function canPreempt(cpu: Cpu): boolean {
  const { best, pmr } = cpu;
  const enabled = best.group === 0 ? cpu.enable0 : cpu.enable1;
  if (best.priority === IDLE || enabled === 0 || best.priority >= pmr) return false;
  const running = runningPriority(cpu);
  const mask = groupMask(cpu, best.group);
  return running === IDLE || (best.priority & mask) < (running & mask);
}

/** gicv3_cpuif_update: the pins of a CPU. A CPU without EL3 takes group 0 as FIQ, group 1 as IRQ. */
export function signal({ state }: Virt, cpu: number): void {
  if (cpu !== 0) return;
  const { best } = state.cpus.at(0);
  const on = canPreempt(state.cpus.at(0));
  drive(state, PIN.FIQ, on && best.group === 0 ? 1 : 0);
  drive(state, PIN.IRQ, on && best.group === 1 ? 1 : 0);
}
