// Arm's words in scenarios and in `virq exec`: tables by what they are about, merged.

import type { Vocabulary } from '@virq/irq-core/machine';
import type { ArmChip } from '../chip.ts';
import { vmFaults } from '../kvm/set-up.ts';
import { VM_ARGS } from '../options.ts';
import { CPU_OPERATIONS } from './cpu-operations.ts';
import { GUEST_OPERATIONS } from './guest-operations.ts';
import { IRQ_OPERATIONS } from './irq-operations.ts';
import { ITS_OPERATIONS } from './its-operations.ts';
import { KVM_OPERATIONS } from './kvm-operations.ts';
import { LINUX_OPERATIONS } from './linux-operations.ts';
import { OBSERVE } from './observe.ts';
import { REGISTER_OPERATIONS } from './register-operations.ts';
import { V4_OBSERVE } from './v4-observe.ts';
import { V4_OPERATIONS } from './v4-operations.ts';
import { waiting } from './waiting.ts';

/** The vocabulary. Rooms add their tables to `operations`. */
export const vocabulary: Vocabulary<ArmChip> = {
  start: { op: 'vm', vcpus: 'cpus' },
  vm: VM_ARGS,
  checkVm: vmFaults,
  operations: waiting({
    ...IRQ_OPERATIONS,
    ...GUEST_OPERATIONS,
    ...CPU_OPERATIONS,
    ...REGISTER_OPERATIONS,
    ...ITS_OPERATIONS,
    ...KVM_OPERATIONS,
    ...LINUX_OPERATIONS,
    ...V4_OPERATIONS,
  }),
  observe: { ...OBSERVE, ...V4_OBSERVE },
  observeDefault: ['enabled', 'enabled_ppi', 'pending', 'pending_ppi', 'active', 'active_ppi', 'line', 'efd'],
};
