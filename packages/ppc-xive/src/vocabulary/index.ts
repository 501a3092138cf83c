// POWER's words in scenarios and in `virq exec`: tables by what they are about, merged.

import { EINVAL } from '@virq/irq-core/errors';
import type { ArgFault, Args, Vocabulary } from '@virq/irq-core/machine';
import type { PowerChip } from '../chip.ts';
import { powerOptions, VM_ARGS } from '../options.ts';
import { GUEST_OPERATIONS } from './guest-operations.ts';
import { MEMORY_OPERATIONS } from './memory-operations.ts';
import { NATIVE_OPERATIONS } from './native-operations.ts';
import { OBSERVE } from './observe.ts';
import { SPAPR_OPERATIONS } from './spapr-operations.ts';
import { XICS_OPERATIONS } from './xics-operations.ts';

type Operations = Vocabulary<PowerChip>['operations'];

/** KVM_CREATE_VCPU refuses a number that is taken (EEXIST); those that are not given count as their index. */
function checkVm(args: Args): ArgFault[] {
  const { servers } = powerOptions(args);
  const clash = servers.findIndex((server, vcpu) => servers.indexOf(server) < vcpu);
  if (clash < 0) return [];
  const first = servers.indexOf(servers[clash] as number);
  const message = `vCPU ${clash} gets number ${servers[clash]}, which vCPU ${first} has: KVM_CREATE_VCPU fails with EEXIST`;
  return [{ path: 'servers', message }];
}

/** Operations on a vCPU that the VM does not have fail with -EINVAL. */
const guarded = (operations: Operations): Operations =>
  Object.fromEntries(
    Object.entries(operations).map(([name, op]) => [
      name,
      {
        ...op,
        run: (c: PowerChip, args: Args) =>
          'cpu' in op.args && ((args['cpu'] as number | undefined) ?? 0) >= c.context.state.vcpus.length
            ? { ret: -EINVAL }
            : op.run(c, args),
      },
    ]),
  );

/** The vocabulary. Rooms add their tables to `operations`. */
export const vocabulary: Vocabulary<PowerChip> = {
  start: { op: 'vm', vcpus: 'cpus' },
  vm: VM_ARGS,
  checkVm,
  operations: guarded({
    ...NATIVE_OPERATIONS,
    ...MEMORY_OPERATIONS,
    ...XICS_OPERATIONS,
    ...SPAPR_OPERATIONS,
    ...GUEST_OPERATIONS,
  }),
  observe: OBSERVE,
  observeDefault: ['pq', 'eq', 'efd'],
};
