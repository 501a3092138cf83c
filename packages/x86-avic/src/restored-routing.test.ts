// A restored arena is routed by its own table: what is kept of the table in force is only a view, checked against the state.

import { createMachine } from '@virq/irq-core/machine';
import { expect, it } from 'vitest';
import { irqchipRoute, x86Avic } from './index.ts';

it('a snapshot brings its routing table back', () => {
  const m = createMachine({ vms: [{ backend: x86Avic, options: { vcpus: 1 } }] });
  const { kvm, chip } = m.vms[0] as never as {
    kvm: import('@virq/irq-core/kvm').Kvm;
    chip: import('./index.ts').X86Chip;
  };
  const lineOf = (pin: number): number => (chip.state.ioapic.irr >>> pin) & 1;
  kvm.setGsiRouting([irqchipRoute(5, 2, 5)], 0);
  const first = m.arena.snapshot();
  kvm.setGsiRouting([irqchipRoute(5, 2, 7)], 0);
  kvm.setIrq(0, 5, 1, false);
  expect([lineOf(5), lineOf(7)]).toEqual([0, 1]);
  m.arena.restore(first);
  kvm.setIrq(0, 5, 1, false);
  expect([lineOf(5), lineOf(7)]).toEqual([1, 0]);
});
