// The chip of a powernv machine: bare hardware, nothing of KVM.

import type { VmChip, VmContext } from '@virq/irq-core/backend';
import { EINVAL, EWOULDBLOCK } from '@virq/irq-core/errors';
import type { KvmArch } from '@virq/irq-core/kvm';
import { QEMU_7_2 } from '../hw/profile.ts';
import { createXive, type Xive } from '../hw/xive.ts';
import { createIndirectTima, type IndirectTima } from './indirect-tima.ts';
import { type PowernvBackend, type PowernvState, pirOf, setUpSource } from './machine.ts';

/** The chip. */
export interface PowernvChip extends VmChip {
  readonly backend: PowernvBackend;
  readonly state: PowernvState;
  readonly xive: Xive;
  readonly tima: IndirectTima;
}

/** KVM finds no interrupt controller here. */
const NO_KVM: KvmArch = {
  canSetIrqRouting: () => false,
  intcInitialized: () => true,
  irqfdAllowed: () => false,
  setRoutingEntry: () => -EINVAL,
  setIrq: () => -1,
  setIrqInatomic: () => -EWOULDBLOCK,
  signalMsi: () => -EINVAL,
  routingUpdated() {},
  ackNotifiersUpdated() {},
  clearSource() {},
  updateIrte: () => -EINVAL,
};

/** Creates the chip over zeroed state. */
export function createPowernvChip({ trace, options }: VmContext, state: PowernvState): PowernvChip {
  const backend = (options['backend'] ?? 'xive9') as PowernvBackend;
  const xive = createXive({
    state: state.xive,
    trace,
    generation: backend === 'xive9' ? 1 : 2,
    profile: QEMU_7_2,
    pirOf,
    host() {},
  });
  for (let lisn = 0; lisn < xive.sources.count; lisn++)
    setUpSource(xive.sources.at(lisn), lisn, options['store_eoi'] !== false, backend);
  return { backend, state, xive, tima: createIndirectTima(xive, backend), arch: NO_KVM };
}
