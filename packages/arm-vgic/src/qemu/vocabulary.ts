// Words of a virt machine under qtest, as its vectors are recorded.

import type { ArgFault, Args, Operation, Vocabulary } from '@virq/irq-core/machine';
import { int } from '../vocabulary/args.ts';
import type { VirtChip } from './chip.ts';
import { CPU_OPERATIONS } from './cpu-operations.ts';
import { GIC_OPERATIONS } from './gic-operations.ts';
import { ITS_OPERATIONS } from './its-operations.ts';
import { BACKENDS, MAX_CPUS } from './machine.ts';
import { SHOWN, VIRT_OBSERVE } from './observe.ts';
import { beginOperation } from './pins.ts';

type Op = Operation<VirtChip>;

/** Pins are shown as they changed during one operation. */
const fresh = (operation: Op): Op => ({
  ...operation,
  run(c, args) {
    beginOperation(c.virt.state);
    return operation.run(c, args);
  },
});

const OPERATIONS: Readonly<Record<string, Op>> = { ...GIC_OPERATIONS, ...CPU_OPERATIONS, ...ITS_OPERATIONS };

/** qtest acts as CPU 0; EL2 is what the fourth machine is about. */
function checkVm(args: Args): ArgFault[] {
  const faults: ArgFault[] = [];
  if (args['backend'] === 'gicv2' && ((args['cpus'] as number | undefined) ?? 1) > 1)
    faults.push({ path: 'cpus', message: 'a GICv2 has one CPU that qtest reaches' });
  if (args['el2'] === true && args['backend'] !== 'gicv3-cpu')
    faults.push({ path: 'el2', message: "only the CPUs of 'gicv3-cpu' have EL2" });
  return faults;
}

/** The vocabulary. */
export const virtVocabulary: Vocabulary<VirtChip> = {
  start: { op: 'start', vcpus: 'cpus' },
  vm: {
    backend: { type: 'enum', values: BACKENDS, default: 'gicv3', doc: 'which controllers; with its the CPUs execute' },
    cpus: int('CPUs; 2 if not said, 1 for a GICv2', { min: 1, max: MAX_CPUS, optional: true }),
    el2: { type: 'bool', default: false, doc: 'CPUs have EL2, as those of gicv3-cpu do' },
  },
  checkVm,
  operations: Object.fromEntries(Object.entries(OPERATIONS).map(([name, op]) => [name, fresh(op)])),
  observe: VIRT_OBSERVE,
  observeDefault: ({ virt }) => SHOWN[virt.backend],
};
