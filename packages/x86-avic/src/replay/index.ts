// Replaying captures of x86 hosts.

import type { KernelVersion } from '@virq/irq-core/kvm';
import type { CaptureReplayer, CaptureShape } from '@virq/irq-core/machine';
import { createModelTarget } from './model-target.ts';
import { createX86Replayer } from './x86-replayer.ts';

/** Most vCPUs a replay models. */
const MAX_VCPUS = 255;

/** A replayer for a capture of the given shape. */
export function replayX86(shape: CaptureShape, kernel: KernelVersion): CaptureReplayer {
  const vcpus = Math.min(MAX_VCPUS, Math.max(1, shape.maxVcpu + 1));
  const target = createModelTarget({ vcpus, kernel, assumeLinuxLdr: !shape.counts.has('kvm_apic') });
  return createX86Replayer(target, shape);
}
