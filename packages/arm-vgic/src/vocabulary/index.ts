// Arm's words in scenarios and in `virq exec`: tables by what they are about, merged.

import type { Vocabulary } from '@virq/irq-core/machine';
import type { ArmChip } from '../chip.ts';
import { VM_ARGS } from '../options.ts';
import { GUEST_OPERATIONS } from './guest-operations.ts';
import { IRQ_OPERATIONS } from './irq-operations.ts';
import { ITS_OPERATIONS } from './its-operations.ts';
import { OBSERVE } from './observe.ts';
import { V4_OBSERVE } from './v4-observe.ts';
import { V4_OPERATIONS } from './v4-operations.ts';

/** The vocabulary. Rooms add their tables to `operations`. */
export const vocabulary: Vocabulary<ArmChip> = {
  start: { op: 'vm', vcpus: 'cpus' },
  vm: VM_ARGS,
  operations: { ...IRQ_OPERATIONS, ...GUEST_OPERATIONS, ...ITS_OPERATIONS, ...V4_OPERATIONS },
  observe: { ...OBSERVE, ...V4_OBSERVE },
  observeDefault: ['enabled', 'enabled_ppi', 'pending', 'pending_ppi', 'active', 'active_ppi', 'line', 'efd'],
};
