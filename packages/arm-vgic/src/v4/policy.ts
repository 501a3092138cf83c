// What differs between kernels in the forwarding of LPIs to GICv4, as data. Linux: arch/arm64/kvm/vgic/vgic-v4.c, vgic-its.c of 6.1, 6.12, 6.18 and 7.3.

import type { VgicVersion } from '../kernel.ts';

/** Differences between kernels. */
export interface V4Policy {
  /** irq_lock is held from the look at irq->hw until the pending state is in hardware (05b9405f2fa1 and its series, 6.16), or only for the pending state. */
  readonly holdsIrqLock: boolean;
  /** Forwarding an LPI that is forwarded maps it once more and counts it twice. */
  readonly remaps: boolean;
  /** What the translation of a route answers is returned, also codes of the ITS, which are positive. */
  readonly returnsErrors: boolean;
  /** How an LPI is found when its forwarding ends: through the route as it is then, or by the host irq. */
  readonly unsetBy: 'route' | 'hostIrq';
  /** kvm_arch_update_irqfd_routing exists. Linux: it is not reached, since arm64 never sets irqfd->producer. */
  readonly hasRouteHook: boolean;
  /** An LPI whose ITE goes is no longer forwarded; without it irq->hw stays. */
  readonly freeClearsHw: boolean;
  /** INVALL rewrites the properties of all forwarded LPIs of the VM, not only those of its vCPU. */
  readonly invallIsWide: boolean;
}

const NEWEST: V4Policy = {
  holdsIrqLock: true,
  remaps: false,
  returnsErrors: false,
  unsetBy: 'hostIrq',
  hasRouteHook: true,
  freeClearsHw: true,
  invallIsWide: true,
};

const OLD: V4Policy = {
  ...NEWEST,
  holdsIrqLock: false,
  returnsErrors: true,
  unsetBy: 'route',
  hasRouteHook: false,
  freeClearsHw: false,
};

/** By kernel: 6.1.192, 6.12.117, 6.18.35, 7.3-rc7. */
const POLICIES: Readonly<Record<VgicVersion, V4Policy>> = {
  '6.1': { ...OLD, remaps: true, invallIsWide: false },
  '6.12': OLD,
  '6.18': NEWEST,
  '6.19-rc': NEWEST,
  '7.3': NEWEST,
};

/** What the VGIC of a VM does. */
export const v4PolicyOf = ({ version }: { readonly version: VgicVersion }): V4Policy => POLICIES[version];
