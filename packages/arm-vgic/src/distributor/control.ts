// GICD_CTLR, TYPER, IIDR and TYPER2. Linux: vgic-mmio-v2.c vgic_mmio_read_v2_misc, vgic-mmio-v3.c vgic_mmio_read_v3_misc and their writes.

import { ARM_REQ } from '../context.ts';
import { hasPendingIrq } from '../lists/pending.ts';
import type { Bank } from './bank.ts';

/** Product 'K', implementer Arm; the revision is the VM's. */
const IIDR = 0x4b00043b;
const REVISION = 12;
/** GICD_CTLR of a GICv3. */
const CTLR = { ENABLE_GRP1: 1, ARE_DS: 0x50, NASSGIREQ: 8 } as const;
const TYPER = { LPIS: 1 << 17, ID_BITS: 19, CPUS: 5 } as const;
const NASSGICAP = 8;

/** INTID bits less one, with an ITS and without. */
const ID_BITS = { its: 15, spis: 9 } as const;

const lines = (c: Bank): number => c.nrIrqs() / 32 - 1;

/** GICD_TYPER of a GICv2. */
export const typerV2 = (c: Bank): number => lines(c) | ((c.online() - 1) << TYPER.CPUS);

/** GICD_TYPER of a GICv3. */
export function typerV3(c: Bank): number {
  const hasIts = c.ctx.state.dist.hasIts === 1;
  return lines(c) | (hasIts ? TYPER.LPIS | (ID_BITS.its << TYPER.ID_BITS) : ID_BITS.spis << TYPER.ID_BITS);
}

/** GICD_IIDR. */
export const iidr = (c: Bank): number => (IIDR | (c.ctx.state.dist.revision << REVISION)) >>> 0;

/** GICD_TYPER2. Linux: 6.x shows what the host has, 7.3 what the VM is allowed. */
export function typer2(c: Bank): number {
  const capable = c.form.typer2 === 'fixed' ? c.directSgis.onHost : c.ctx.state.dist.nassgicap === 1;
  return capable ? 1 << NASSGICAP : 0;
}

/** GICD_CTLR of a GICv3. */
export function ctlrV3(c: Bank): number {
  const { enabled, nassgireq } = c.ctx.state.dist;
  return CTLR.ARE_DS | (enabled << CTLR.ENABLE_GRP1) | (nassgireq << CTLR.NASSGIREQ);
}

/** vgic_kick_vcpus: only those with something on their list; what waits on none is not seen. */
function kickVcpus({ lists, online }: Bank): void {
  for (let vcpu = 0; vcpu < online(); vcpu++) if (hasPendingIrq(lists, vcpu)) lists.kick(vcpu);
}

/** GICD_CTLR of a GICv2, by guests and user space alike. */
export function writeCtlrV2(c: Bank, value: number): void {
  const { dist } = c.ctx.state;
  const was = dist.enabled;
  dist.enabled = value & 1;
  if (was === 0 && dist.enabled === 1) kickVcpus(c);
}

/** GICD_CTLR of a GICv3 by the guest: nASSGIreq counts where there are such SGIs, and not while the distributor stays on. */
export function writeCtlrV3(c: Bank, value: number): void {
  const { dist } = c.ctx.state;
  const [was, wasDirect] = [dist.enabled, dist.nassgireq];
  const capable = typer2(c) !== 0;
  dist.enabled = (value >>> CTLR.ENABLE_GRP1) & 1;
  const asked = capable ? (value >>> CTLR.NASSGIREQ) & 1 : 0;
  dist.nassgireq = was === 1 && dist.enabled === 1 ? wasDirect : asked;
  if (wasDirect !== dist.nassgireq) c.directSgis.configure();
  if (capable && was !== dist.enabled) c.ctx.kvm.vcpus.requestAll(ARM_REQ.RELOAD_GICV4);
  else if (was === 0 && dist.enabled === 1) kickVcpus(c);
}

/** GICD_CTLR of a GICv3 by user space: nobody is kicked, no SGI goes over. */
export function restoreCtlrV3(c: Bank, value: number): void {
  const { dist } = c.ctx.state;
  dist.enabled = (value >>> CTLR.ENABLE_GRP1) & 1;
  dist.nassgireq = typer2(c) === 0 ? 0 : (value >>> CTLR.NASSGIREQ) & 1;
}
