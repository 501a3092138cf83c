// Interrupt remapping between devices and CPUs: what the host's IOMMU does to the message of a device. AMD I/O Virtualization (48882); Intel VT-d ch. 5.

/** Where a message ended: at a CPU as a Linux irq, in the guest without the host noticing, or nowhere. */
export type RemapResult = 'host' | 'posted' | 'aborted';

/** Interrupt remapping hardware with its driver's irq domain. Linux irqs stand for the remapping table entries behind them. */
export interface Remapper {
  /** The irq domain allocates and activates an entry for vector `index` of a device. */
  map(irq: number, device: number, index: number): void;
  /** Deactivates and frees it. */
  unmap(irq: number): void;
  /** The device's message arrives. */
  deliver(irq: number): RemapResult;
}
