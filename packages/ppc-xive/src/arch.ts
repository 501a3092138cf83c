// The hooks by which generic KVM reaches POWER's interrupt controllers. Linux: arch/powerpc/kvm/book3s.c kvm_set_irq, kvm_irq_map_gsi; book3s_xive.c kvmppc_xive_set_irq.

import { EINVAL, ENODEV, ENOTTY } from '@virq/irq-core/errors';
import type { KvmArch } from '@virq/irq-core/kvm';
import type { Context } from './kvm/context.ts';
import { DEVICE } from './kvm/layout.ts';
import type { Passthrough } from './kvm/passthrough.ts';
import type { KvmSources } from './kvm/sources.ts';

/**
 * kvmppc_xive_set_irq, on which a level-triggered and a message interrupt differ little: level 1 triggers the IPI behind the source every time.
 * -ENODEV without device, -EINVAL for a source that does not exist or has a passed-through device behind it.
 */
export function createSetIrq({ state }: Context, sources: KvmSources): (irq: number, level: number) => number {
  return (irq, level) => {
    if (state.device === DEVICE.NONE) return -ENODEV;
    const source = sources.find(irq);
    if (source === null || source.valid === 0 || source.ptNumber !== 0) return -EINVAL;
    if (level === 0) {
      source.asserted = 0;
      return 0;
    }
    if (source.lsi === 1) source.asserted = 1;
    sources.triggerIpi(source);
    return 0;
  };
}

/** Builds the hooks. A GSI is the number of a source: there is no routing table, and nothing is told when an interrupt ends. */
export function createArch(ctx: Context, sources: KvmSources, passthrough: Passthrough): KvmArch {
  const setIrq = createSetIrq(ctx, sources);
  return {
    canSetIrqRouting: () => false,
    intcInitialized: () => ctx.state.device !== DEVICE.NONE,
    // Linux: a resamplefd is taken, but no EOI ever signals it.
    irqfdAllowed: () => true,
    setGsi: (gsi, _source, level) => setIrq(gsi, level),
    setRoutingEntry: () => -ENOTTY,
    setIrq: () => -ENOTTY,
    setIrqInatomic: () => -ENOTTY,
    signalMsi: () => -ENOTTY,
    routingUpdated: () => undefined,
    ackNotifiersUpdated: () => undefined,
    clearSource: () => undefined,
    updateIrte: () => 0,
    addProducer: passthrough.add,
    delProducer: (gsi, hostIrq) => void passthrough.remove(gsi, hostIrq),
    startAddProducer: passthrough.startAdd,
    startDelProducer: passthrough.startRemove,
  };
}
