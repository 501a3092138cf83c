// Steps of the vCPUs' paths that a small VGIC has no use for, as beginnings.

const of = (protocol: string, labels: readonly string[]): string[] => labels.map((label) => `${protocol}: '${label}`);

/** One vCPU: nothing goes to another one's list. */
const ALONE = ['prune.lock ', 'prune.unlock ', 'prune.move', 'prune.release'];
/** No more active interrupts than list registers. */
const FITS = ['fold.lock replayed', 'fold.unlock replayed', 'fold.makePseudo', 'fold.afterPseudo'];

/** One vCPU, one interrupt. */
export const SMALL_VGIC = of('kvm_arch_vcpu_ioctl_run', [...ALONE, ...FITS]);
/** The same with a VMM that resets nothing. */
export const SET_UP_ONCE = [...SMALL_VGIC, ...of('VMM and guest', ['setUp.reset', 'setUp.unmask'])];
/** A guest that ends interrupts by EOIR alone, without list registers for all. */
export const EOI_ONLY = of('vCPU with more than its LRs', [...ALONE, 'dir.', 'update.']);
/** A guest that ends them by DIR. */
export const BY_DIR = of('vCPU with more than its LRs', [
  ...ALONE,
  ...FITS,
  ...ALONE.map((l) => l.replace('prune', 'update')),
]);
