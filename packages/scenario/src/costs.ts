// What interrupts cost the host: counted from the events of a run, per interrupt that a guest took.

import type { StepRecord } from './run.ts';

/** One kind of cost, and the tracepoint lines that are one of it. */
export interface CostKind {
  readonly name: string;
  readonly says: string;
  readonly line: RegExp;
}

/** Kinds of cost, dearest first. */
export const COST_KINDS: readonly CostKind[] = [
  { name: 'VMM wake-ups', says: 'the VMM is woken and makes system calls', line: /^vmm_wakeup:/ },
  { name: 'user exits', says: 'exits that the VMM has to handle', line: /^kvm_userspace_exit:/ },
  { name: 'exits', says: 'the vCPU leaves the guest', line: /^kvm_(guest_)?exit:/ },
  { name: 'hypercalls', says: 'exits by which the guest asks the hypervisor for something', line: /^kvm_hcall_enter:/ },
  { name: 'wake-ups', says: 'a sleeping vCPU is scheduled in', line: /^kvm_vcpu_wakeup:/ },
  {
    name: 'host interrupts',
    says: 'interrupts that a host CPU takes: of the device, of the GA log, the wake-up vector, an escalation',
    line: /^(irq_handler_entry|hw_ga_interrupt|host_escalation):|^hw_notification: .*vec 0xf1/,
  },
  { name: 'kicks', says: 'IPIs that make a vCPU exit', line: /^ipi_send_cpu:/ },
  { name: 'doorbells', says: 'doorbells that KVM rings', line: /^kvm_avic_doorbell:/ },
  { name: 'injections', says: 'interrupts that KVM injects at VM entry', line: /^kvm_inj_virq:/ },
];

/** A guest takes an interrupt: injected, or by itself; on POWER what its driver finds. */
const TAKEN = /^(kvm_inj_virq|hw_accept|guest_irq):/;

/** Costs of a run. */
export interface Costs {
  /** Interrupts that guests took. */
  readonly taken: number;
  /** Counts in the order of {@link COST_KINDS}. */
  readonly counts: readonly number[];
  /** Exits by reason. */
  readonly reasons: Readonly<Record<string, number>>;
}

/** The reason in a line of an exit: x86's, POWER's trap, Arm's exception class or what is no trap. */
const REASON =
  /^kvm_exit: .*?(?:reason (\S+)|TRAP: HSR_EC: \S+ \((\w+)\)|(IRQ): HSR_EC)|^kvm_guest_exit: .*?trap=(\S+)/;

/** Counts what the steps of a run cost. */
export function costsOf(steps: readonly Pick<StepRecord, 'events'>[]): Costs {
  const lines = steps.flatMap((s) => s.events);
  const count = (of: RegExp): number => lines.filter((line) => of.test(line)).length;
  const reasons: Record<string, number> = {};
  for (const line of lines) {
    const reason = REASON.exec(line)?.slice(1).find(Boolean);
    if (reason !== undefined) reasons[reason] = (reasons[reason] ?? 0) + 1;
  }
  return { taken: count(TAKEN), counts: COST_KINDS.map((kind) => count(kind.line)), reasons };
}
