// State of one POWER VM, by rooms: KVM's device; others of the machine beside it.

import { struct, type View } from '@virq/irq-core/arena';
import { type XiveKvmSizes, xiveKvmLayout } from './kvm/layout.ts';

/** Sizes of {@link powerLayout}. */
export interface PowerSizes {
  readonly kvm: XiveKvmSizes;
}

/** One struct per room. */
export const powerLayout = (sizes: PowerSizes) => struct('ppcXive', { kvm: xiveKvmLayout(sizes.kvm) });
export type PowerState = View<ReturnType<typeof powerLayout>>;
