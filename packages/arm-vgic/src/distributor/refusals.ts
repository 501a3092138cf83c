// What user space must not write to GICD_IIDR and GICD_TYPER2. Linux: vgic_mmio_uaccess_write_v2_misc, vgic_mmio_uaccess_write_v3_misc.

import { EBUSY, EINVAL } from '@virq/irq-core/errors';
import type { Bank } from './bank.ts';
import { iidr, typer2 } from './control.ts';

const REVISION = 0xf000;
/** Revisions that a VM can have; 1 is gone. */
const REVISIONS: readonly number[] = [0x2000, 0x3000];
const NASSGICAP = 1 << 8;

/** GICD_IIDR: 0, or -EINVAL for anything but another revision. */
export function restoreIidr(c: Bank, value: number): number {
  if (((iidr(c) ^ value) & ~REVISION) !== 0 || !REVISIONS.includes(value & REVISION)) return -EINVAL;
  const { dist } = c.ctx.state;
  dist.revision = (value & REVISION) >>> 12;
  if (dist.model === 2) dist.groupsWritable = 1;
  return 0;
}

/** GICD_TYPER2: 0, -EINVAL, or -EBUSY for a change after initialisation. */
export function restoreTyper2(c: Bank, value: number): number {
  const { dist } = c.ctx.state;
  const now = typer2(c);
  if (now === value) return 0;
  if (c.form.typer2 === 'fixed') return -EINVAL;
  if (dist.initialized === 1) return -EBUSY;
  if (((now ^ value) & ~NASSGICAP) !== 0 || (!c.directSgis.onHost && value !== 0)) return -EINVAL;
  dist.nassgicap = value >>> 8;
  return 0;
}
