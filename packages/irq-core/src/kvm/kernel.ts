// What differs between the kernels virq knows, as data. Nothing else in the code asks for a version.

/** Kernel releases whose behaviour is recorded. */
export type KernelVersion = '6.18' | '6.12' | '6.1';

/** The newest kernel, taken when nobody says otherwise. */
export const DEFAULT_KERNEL: KernelVersion = '6.18';

/** Differences in the architecture-independent half. */
export interface KernelProfile {
  /** Where a second irqfd on one eventfd is refused with EBUSY: in the same VM (≤ 6.16) or anywhere (≥ 6.17, exclusive wait queue entry). */
  readonly irqfdExclusive: 'vm' | 'system';
  /** Unmasking a pin with a resampling irqfd signals the resamplefd instead of injecting (≥ 6.3, fef8f2b90edb). */
  readonly resampleOnUnmask: boolean;
  /** irqbypass keyed by eventfd in xarrays, peers remembered (≥ 6.17); else lists searched by token. */
  readonly bypassRegistry: 'xarray' | 'list';
  /** kvm_irqfd_deassign clears the route snapshot before the bypass is torn down (CVE-2026-23198, fixed in 6.18.10, 6.12.70, 6.1.163). */
  readonly deassignClearsRoute: boolean;
  /** Producers are attached and detached under irqfds.lock (6.15 and stable; before, that raced with routing updates). */
  readonly bypassTakesIrqfdsLock: boolean;
  /** A route change away from MSI reaches the IOMMU (CVE-2025-37885, fixed in 6.15 and in stable). */
  readonly tellsIommuOfNonMsi: boolean;
  /** Source ids are handed out from a bitmap (≤ 6.16); later the PIT has the constant 2. */
  readonly allocatesSourceIds: boolean;
}

/** Profiles by release. The CVE fixes were backported, so all three carry them. */
export const KERNELS: Readonly<Record<KernelVersion, KernelProfile>> = {
  '6.18': {
    irqfdExclusive: 'system',
    resampleOnUnmask: true,
    bypassRegistry: 'xarray',
    deassignClearsRoute: false,
    bypassTakesIrqfdsLock: true,
    tellsIommuOfNonMsi: true,
    allocatesSourceIds: false,
  },
  '6.12': {
    irqfdExclusive: 'vm',
    resampleOnUnmask: true,
    bypassRegistry: 'list',
    deassignClearsRoute: false,
    bypassTakesIrqfdsLock: true,
    tellsIommuOfNonMsi: true,
    allocatesSourceIds: true,
  },
  '6.1': {
    irqfdExclusive: 'vm',
    resampleOnUnmask: false,
    bypassRegistry: 'list',
    deassignClearsRoute: false,
    bypassTakesIrqfdsLock: true,
    tellsIommuOfNonMsi: true,
    allocatesSourceIds: true,
  },
};

/** Releases, newest first. */
export const KERNEL_VERSIONS = Object.keys(KERNELS) as readonly KernelVersion[];
