// A guest generates SGIs. Linux: vgic-mmio-v2.c vgic_mmio_write_sgir, vgic-mmio-v3.c vgic_v3_dispatch_sgi, sys_regs.c access_gic_sgi.

import type { Bank } from '../distributor/bank.ts';
import { WRITE } from '../distributor/writes.ts';

/** GICD_SGIR.TargetListFilter. */
const FILTER = { LISTED: 0, OTHERS: 1, SELF: 2 } as const;

/** vCPUs that a filter means, a bit for each index; undefined for the reserved one. */
function targetsOf(c: Bank, value: number): number | undefined {
  const self = 1 << c.lists.idOf(c.vcpu);
  const filter = (value >>> 24) & 3;
  if (filter === FILTER.LISTED) return (value >>> 16) & 0xff;
  if (filter === FILTER.OTHERS) return (2 ** c.online() - 1) & ~self;
  return filter === FILTER.SELF ? self : undefined;
}

/** GICD_SGIR of a GICv2. Linux: targets go by index, the sender by its id. */
export function sgir(c: Bank, value: number): void {
  const targets = targetsOf(c, value);
  if (targets === undefined) return;
  c.written.value = (1 << c.lists.idOf(c.vcpu)) & 0xff;
  for (let vcpu = 0; vcpu < c.online(); vcpu++)
    if (((targets >>> vcpu) & 1) === 1) c.apply(WRITE.sgir, c.irqs.private(vcpu, value & 0xf));
}

/** System registers that generate SGIs, and whether they reach group 1: with GICD_CTLR.DS only ICC_SGI1R does. */
export const SGI_REGISTERS = { ICC_SGI1R_EL1: 1, ICC_ASGI1R_EL1: 0, ICC_SGI0R_EL1: 0 } as const;
export type SgiRegister = keyof typeof SGI_REGISTERS;

/** ICC_SGI1R_EL1[40], in the high word: all but self. */
const IRM = 1 << 8;

/** Aff3.Aff2.Aff1 of a value, where an MPIDR packed into a word has them. */
const affinityOf = (lo: number, hi: number): number =>
  ((((hi >>> 16) & 0xff) << 24) | ((hi & 0xff) << 16) | (((lo >>> 16) & 0xff) << 8)) >>> 0;

/** A value of ICC_SGI1R_EL1, as two words. */
export interface SgiValue {
  readonly lo: number;
  readonly hi: number;
}

/** CPUs that TargetList has room for. */
const LIST = 16;

/** Those of an affinity whose Aff0 is in `list`. */
function sendToListed(c: Bank, sgi: number, affinity: number, list: number): void {
  const { redists } = c.ctx.state;
  for (let vcpu = 0; vcpu < c.online(); vcpu++) {
    const { mpidr } = redists.at(vcpu);
    const aff0 = mpidr & 0xff;
    if ((mpidr & ~0xff) >>> 0 === affinity && aff0 < LIST && ((list >>> aff0) & 1) === 1)
      c.apply(WRITE.sgi, c.irqs.private(vcpu, sgi));
  }
}

function sendToOthers(c: Bank, sgi: number): void {
  const skipped = c.form.broadcastSkips === 'sender' ? c.vcpu : c.lists.idOf(c.vcpu);
  for (let vcpu = 0; vcpu < c.online(); vcpu++) if (vcpu !== skipped) c.apply(WRITE.sgi, c.irqs.private(vcpu, sgi));
}

/** A write of vCPU `c.vcpu` to one of {@link SGI_REGISTERS}: TargetList for the vCPUs of one affinity, or all others. Linux: the range selector is not looked at. */
export function sendSgi(c: Bank, register: SgiRegister, { lo, hi }: SgiValue): void {
  const sgi = (lo >>> 24) & 0xf;
  const affinity = affinityOf(lo, hi);
  c.written.level = SGI_REGISTERS[register];
  if ((hi & IRM) !== 0) sendToOthers(c, sgi);
  else if (c.form.sgiOrder === 'vcpus') sendToListed(c, sgi, affinity, lo);
  else for (let bits = lo & 0xffff; bits !== 0; bits &= bits - 1) sendToListed(c, sgi, affinity, bits & -bits);
}
