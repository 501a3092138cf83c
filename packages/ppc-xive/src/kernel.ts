// What differs between kernels in KVM's XIVE, as data. From the sources of Linux 6.1, 6.12 and 7.3; native device and passthrough recorded on 6.1 and 6.12.

import type { KernelVersion } from '@virq/irq-core/kvm';

/** Differences in arch/powerpc/kvm. */
export interface PowerProfile {
  /**
   * What set_mapped and clr_mapped write into the EAS as data: the guest's source number (what XICS wants), or the EISN that the
   * native guest asked for. No kernel so far does the latter: a native guest must configure the source again to get its EISN.
   */
  readonly passthroughData: 'number' | 'eisn';
}

const UPSTREAM: PowerProfile = { passthroughData: 'number' };

/** Profiles by release. */
export const POWER_KERNELS: Readonly<Record<KernelVersion, PowerProfile>> = {
  '6.18': UPSTREAM,
  '6.12': UPSTREAM,
  '6.1': UPSTREAM,
};
