// The contract suite on the built-in POWER backend.

import type { Machine } from '@virq/irq-core/machine';
import { type PowerChip, ppcXive } from '@virq/ppc-xive';
import { describeBackend } from './describe-backend.ts';

const IRQ = 0x20;
const prepared = new WeakMap<Machine, () => void>();

/** A source with a queue, unmasked: the interrupt goes from KVM_IRQ_LINE into the queue, and is ended there. */
function prepare(machine: Machine): () => void {
  const chip = machine.vms[0]?.chip as PowerChip;
  const { operations } = ppcXive.vocabulary;
  const queue = { server: 0, prio: 6, qshift: 16, qaddr: 0x100000n, flags: 1, toggle: 1, index: 0 };
  operations['source']?.run(chip, { n: IRQ, level: 0, asserted: 0, flags: 0 });
  operations['eq']?.run(chip, queue);
  operations['config']?.run(chip, { n: IRQ, server: 0, prio: 6, eisn: 1, masked: 0 });
  const { kvm } = machine.vms[0] as Machine['vms'][number];
  const source = chip.sources.find(IRQ) as NonNullable<ReturnType<PowerChip['sources']['find']>>;
  return () => {
    chip.sources.load(source, 0xc00);
    kvm.setIrq(0, IRQ, 1, false);
  };
}

describeBackend(ppcXive as never, {
  options: { cpus: 2 },
  routing: false,
  inject(machine) {
    const inject = prepared.get(machine) ?? prepare(machine);
    prepared.set(machine, inject);
    inject();
  },
});
