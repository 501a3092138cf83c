// @virq/ppc-xive/models: what the checker explores of XIVE.

export { xiveHandover } from '../protocols/xive-handover.ts';
export { xiveMapping } from '../protocols/xive-mapping.ts';
export { xiveRelease } from '../protocols/xive-release.ts';
