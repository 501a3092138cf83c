// Operations that are done in one go wait in `check` until nobody is inside of what they would spin for: locks of interrupts and of ap_lists.

import type { Args, Operation } from '@virq/irq-core/machine';
import type { ArmChip } from '../chip.ts';
import { isInputBusy } from '../lists/world.ts';

type Operations = Readonly<Record<string, Operation<ArmChip>>>;

/** Somebody holds the lock of an ap_list or of an interrupt. */
export function isVgicBusy({ state, lists, irqs, options }: ArmChip): boolean {
  for (let vcpu = 0; vcpu < options.vcpus; vcpu++) {
    if (lists.apLists.at(vcpu).apLock.holder !== 0) return true;
    for (let intid = 0; intid < 32; intid++) if (irqs.at(irqs.private(vcpu, intid)).irqLock.holder !== 0) return true;
  }
  for (let n = 0; n < state.dist.nrSpis; n++) if (irqs.at(irqs.firstSpi + n).irqLock.holder !== 0) return true;
  const { lpis } = state.irqs;
  for (let i = lpis.next(0); i >= 0; i = lpis.next(i + 1)) if (lpis.slot(i).irqLock.holder !== 0) return true;
  return false;
}

/** The input of an SPI: its own lock, and that of the list to which it would go. */
export function isSpiBusy({ irqs, lists }: ArmChip, intid: number): boolean {
  const handle = irqs.find(-1, intid);
  return handle >= 0 && isInputBusy(lists, irqs.at(handle));
}

/**
 * Operations with a path of their own wait in its steps; others that do not say for what wait for everything. Abstraction: the kernel makes half of the change before it spins,
 * which nobody sees who does not hold the lock that it spins for.
 */
export const waiting = (operations: Operations): Operations =>
  Object.fromEntries(
    Object.entries(operations).map(([name, operation]) => {
      if (operation.path !== undefined || operation.isBusy !== undefined) return [name, operation];
      return [name, { ...operation, isBusy: (c: ArmChip, _args: Args) => isVgicBusy(c) }];
    }),
  );
