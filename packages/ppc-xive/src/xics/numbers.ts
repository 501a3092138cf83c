// Numbers of XICS as KVM keeps them over XIVE. Linux: arch/powerpc/kvm/book3s_xics.h, book3s_xive.c.

/** Source number of inter-processor interrupts. */
export const XICS_IPI = 2;
/** What stands in a queue for an interrupt that was taken out of it (H_CPPR). */
export const XICS_DUMMY = 1;
/** Source numbers of the XICS device begin here (KVMPPC_XICS_FIRST_IRQ). */
export const FIRST_IRQ = 16;
/** MFRR with no IPI requested. */
export const NO_MFRR = 0xff;
/** log2 of the bytes of the queues that KVM makes: the page size of the host (xive_native_default_eq_shift). */
export const QUEUE_SHIFT = 16;
