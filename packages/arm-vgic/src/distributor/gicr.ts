// The two frames of a redistributor: what accesses to their registers do. Linux: vgic-mmio-v3.c vgic_v3_rd_registers.

import { type Behaviours, type Block, behave, type RowBehaviour } from '@virq/irq-core/registers';
import { INTID } from '../irq/layout.ts';
import { GICR_RD, GICR_SGI } from '../regs/gicr.ts';
import type { Bank } from './bank.ts';
import { vgicDisableLpis } from './disable-lpis.ts';
import { onGuestError } from './gicd.ts';
import { PTZ, sanitise } from './propbaser.ts';
import { V3_ROWS } from './rows.ts';

type Row = RowBehaviour<Bank>;

const ENABLE_LPIS = 1;
const RWP = 8;
/** IR and CES: a redistributor that can turn LPIs off again, and takes INVLPIR. Linux: shown from revision 3 on; the registers are there at any revision. */
const CES_IR = 6;
const NEWEST_REVISION = 3;

const own = (c: Bank) => c.ctx.state.redists.at(c.vcpu);

const ctlr: Row = {
  read(c) {
    const { lpis, rwp } = own(c);
    return (
      (lpis === 1 ? ENABLE_LPIS : 0) |
      (rwp === 1 ? RWP : 0) |
      (c.ctx.state.dist.revision >= NEWEST_REVISION ? CES_IR : 0)
    );
  },
  write(c, value) {
    const { ctx, vcpu } = c;
    const redist = own(c);
    if (ctx.state.dist.hasIts === 0) return;
    if ((value & ENABLE_LPIS) === 0) ctx.processes().call(vgicDisableLpis as never, { vm: ctx.vm, vcpu } as never);
    else if (redist.lpis === 0 && redist.rwp === 0) {
      redist.lpis = 1;
      if ((redist.pendbaserHi & PTZ) === 0) c.its.lpis.loadPending(vcpu + 1);
    }
  },
};

const LAST = 1 << 4;
const PLPIS = 1;

const typer: Row = {
  read(c, _i, half) {
    const { mpidr, id } = own(c);
    if (half === 1) return mpidr & 0xffffff;
    const last = c.isLastRedistributor(c.vcpu) ? LAST : 0;
    return ((id & 0xffff) << 8) | last | (c.ctx.state.dist.hasIts === 1 ? PLPIS : 0);
  },
};

const propbaser: Row = {
  read: ({ ctx: { state } }, _i, half) => (half === 1 ? state.dist.propbaserHi : state.dist.propbaserLo),
  write(c, value, _i, half) {
    if (own(c).lpis === 1) return;
    c.ctx.state.dist[half === 1 ? 'propbaserHi' : 'propbaserLo'] = sanitise('PROPBASER', value, half);
  },
};

const pendbaser: Row = {
  read: (c, _i, half) => (half === 1 ? (own(c).pendbaserHi & ~PTZ) >>> 0 : own(c).pendbaserLo),
  write(c, value, _i, half) {
    if (own(c).lpis === 1) return;
    own(c)[half === 1 ? 'pendbaserHi' : 'pendbaserLo'] = sanitise('PENDBASER', value, half);
  },
};

/** An invalidation: the low word counts, while LPIs are on; SYNCR shows that it goes on. */
const invalidation = (invalidate: (c: Bank, value: number) => void): Row => ({
  read: () => 0,
  write(c, value, _i, half) {
    if (half === 1 || own(c).lpis === 0) return;
    own(c).syncing++;
    invalidate(c, value);
    own(c).syncing--;
  },
});

/** The LPI can be any vCPU's. */
function invalidateLpi({ its: { lpis } }: Bank, intid: number): void {
  const lpi = intid < INTID.LPI ? 0 : lpis.find(intid);
  if (lpi === 0) return;
  lpis.hold(lpi);
  lpis.configure(lpi);
  lpis.put(lpi);
}

const RD: Behaviours<Bank, keyof typeof GICR_RD.rows & string> = {
  CTLR: ctlr,
  TYPER: typer,
  PROPBASER: propbaser,
  PENDBASER: pendbaser,
  INVLPIR: invalidation(invalidateLpi),
  INVALLR: invalidation((c) => void c.its.lpis.configureAll(c.vcpu + 1)),
  SYNCR: { read: (c) => (own(c).syncing > 0 ? 1 : 0) },
};

const SGI: Behaviours<Bank, keyof typeof GICR_SGI.rows & string> = {
  IGROUPR0: V3_ROWS.group,
  ISENABLER0: V3_ROWS.setEnable,
  ICENABLER0: V3_ROWS.clearEnable,
  ISPENDR0: V3_ROWS.setPending,
  ICPENDR0: V3_ROWS.clearPending,
  ISACTIVER0: V3_ROWS.setActive,
  ICACTIVER0: V3_ROWS.clearActive,
  IPRIORITYR: V3_ROWS.priority,
  ICFGR: V3_ROWS.config,
};

/** The frames in the order in which they lie. */
export const GICR: readonly [rd: Block<Bank>, sgi: Block<Bank>] = [
  behave(GICR_RD, RD, onGuestError),
  behave(GICR_SGI, SGI, onGuestError),
];
