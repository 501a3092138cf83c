// State of one POWER VM, by rooms: KVM's device, QEMU's machine, the guest.

import { struct, type View } from '@virq/irq-core/arena';
import { type GuestSizes, guestLayout } from './guest/layout.ts';
import { type XiveKvmSizes, xiveKvmLayout } from './kvm/layout.ts';
import { type SpaprSizes, spaprLayout } from './spapr/layout.ts';

/** Sizes of {@link powerLayout}. */
export interface PowerSizes {
  readonly kvm: XiveKvmSizes;
  readonly spapr: SpaprSizes;
  readonly guest: GuestSizes;
}

/** One struct per room. */
export const powerLayout = (sizes: PowerSizes) =>
  struct('ppcXive', {
    kvm: xiveKvmLayout(sizes.kvm),
    spapr: spaprLayout(sizes.spapr),
    guest: guestLayout(sizes.guest),
  });
export type PowerState = View<ReturnType<typeof powerLayout>>;
