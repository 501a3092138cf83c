// What interrupts cost the host: counted from the events of a run, per interrupt that a guest took.

import type { StepRecord } from './run.ts';

/** One kind of cost: the events that are one of it. */
export interface CostKind {
  readonly name: string;
  readonly says: string;
  readonly events: readonly string[];
}

/** Kinds of cost, dearest first. */
export const COST_KINDS: readonly CostKind[] = [
  { name: 'VMM wake-ups', says: 'the VMM is woken and makes system calls', events: ['vmm_wakeup'] },
  { name: 'user exits', says: 'exits that the VMM has to handle', events: ['kvm_userspace_exit'] },
  { name: 'exits', says: 'the vCPU leaves the guest', events: ['kvm_exit'] },
  { name: 'wake-ups', says: 'a sleeping vCPU is scheduled in', events: ['kvm_vcpu_wakeup'] },
  {
    name: 'host interrupts',
    says: 'interrupts that a host CPU takes',
    events: ['irq_handler_entry', 'hw_ga_interrupt'],
  },
  { name: 'kicks', says: 'IPIs that make a vCPU exit', events: ['ipi_send_cpu'] },
  {
    name: 'doorbells',
    says: 'doorbells and notifications that KVM sends',
    events: ['kvm_avic_doorbell', 'hw_notification_ipi'],
  },
  { name: 'injections', says: 'interrupts that KVM injects at VM entry', events: ['kvm_inj_virq'] },
];

/** Events by which a guest takes an interrupt: injected, or by itself. */
const TAKEN: readonly string[] = ['kvm_inj_virq', 'hw_accept'];

/** Costs of a run. */
export interface Costs {
  /** Interrupts that guests took. */
  readonly taken: number;
  /** Counts in the order of {@link COST_KINDS}. */
  readonly counts: readonly number[];
  /** Exits by reason. */
  readonly reasons: Readonly<Record<string, number>>;
}

const nameOf = (line: string): string => line.slice(0, line.indexOf(':'));

/** Counts what the steps of a run cost. */
export function costsOf(steps: readonly Pick<StepRecord, 'events'>[]): Costs {
  const lines = steps.flatMap((s) => s.events);
  const count = (events: readonly string[]): number => lines.filter((line) => events.includes(nameOf(line))).length;
  const reasons: Record<string, number> = {};
  for (const line of lines) {
    const reason = nameOf(line) === 'kvm_exit' ? /reason (\S+)/.exec(line)?.[1] : undefined;
    if (reason !== undefined) reasons[reason] = (reasons[reason] ?? 0) + 1;
  }
  return { taken: count(TAKEN), counts: COST_KINDS.map((kind) => count(kind.events)), reasons };
}
