// KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO: input lines of 32 interrupts at once. Linux: vgic-mmio.c vgic_read_irq_line_level_info, vgic_write_irq_line_level_info.

import { EINVAL } from '@virq/irq-core/errors';
import { CONFIG, INTID } from '../irq/layout.ts';
import type { VgicDevice } from './device.ts';

/** VGIC_LEVEL_INFO_LINE_LEVEL, the only kind. */
const LINE_LEVEL = 0;

/** The kind of information, bits 31:10. */
export const levelInfoOf = (low: number): number => low >>> 10;

/** -EINVAL for another kind, and for an INTID that is no multiple of 32. */
const refusal = (low: number): number => (levelInfoOf(low) !== LINE_LEVEL || low % 32 !== 0 ? -EINVAL : 0);

/** Calls for every line of the 32; SGIs and numbers that the VM does not have are left out. */
function each(
  { irqs, context: { state } }: VgicDevice,
  vcpu: number,
  low: number,
  visit: (handle: number, n: number) => void,
): void {
  for (let n = 0; n < 32; n++) {
    const intid = low + n;
    if (intid < INTID.PPI || intid >= INTID.SPI + state.dist.nrSpis) continue;
    visit(irqs.find(vcpu, intid), n);
  }
}

/** Lines that are high, of level-triggered interrupts only; or -EINVAL. */
export function getLevels(device: VgicDevice, vcpu: number, low: number): number {
  const refused = refusal(low);
  if (refused !== 0) return refused;
  let bits = 0;
  each(device, vcpu, low, (handle, n) => {
    const i = device.irqs.at(handle);
    if (i.config === CONFIG.LEVEL && i.lineLevel === 1) bits |= 1 << n;
  });
  return bits >>> 0;
}

/** Drives the lines, whatever the configuration, without a notion of a change: one that is high is queued. 0 or -EINVAL. */
export function setLevels(
  device: VgicDevice,
  at: { readonly vcpu: number; readonly low: number },
  bits: number,
): number {
  const refused = refusal(at.low);
  if (refused !== 0) return refused;
  each(device, at.vcpu, at.low, (handle, n) => {
    const level = (bits >>> n) & 1;
    device.irqs.at(handle).lineLevel = level;
    if (level === 1) device.inputs.queue(handle);
  });
  return 0;
}
