// The contract suite on the built-in Arm backend.

import { type ArmChip, armVgic } from '@virq/arm-vgic';
import type { Machine } from '@virq/irq-core/machine';
import { describeBackend } from './describe-backend.ts';

const SPI = 40;
const GSI = SPI - 32;
const prepared = new WeakSet<Machine>();

/** A vCPU in its guest with an edge SPI that is on: the interrupt goes from its GSI onto the vCPU's ap_list. */
function prepare(machine: Machine): void {
  const chip = machine.vms[0]?.chip as ArmChip;
  const { operations } = armVgic.vocabulary;
  operations['d']?.run(chip, { reg: 'CTLR', value: 2, cpu: 0 });
  operations['irq_setup']?.run(chip, { intid: SPI, prio: 0xa0, edge: true, enable: true, group: 1, target: 0, cpu: 0 });
  operations['cpu_setup']?.run(chip, { pmr: 0xf0, eoimode: 0, cpu: 0 });
  chip.run.enter(0);
  prepared.add(machine);
}

describeBackend(armVgic as never, {
  options: { cpus: 2, nr_irqs: 64 },
  inject(machine) {
    if (!prepared.has(machine)) prepare(machine);
    const { kvm } = machine.vms[0] as Machine['vms'][number];
    kvm.setIrq(0, GSI, 1, false);
  },
});
