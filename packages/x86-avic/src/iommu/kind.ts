// Which IOMMU the host has.

/** By the value of the `iommu` option. */
export const IOMMU = { none: 0, amd: 1, intel: 2 } as const;
