// The distributor: what accesses to its registers do. Linux: vgic-mmio-v2.c vgic_v2_dist_registers, vgic-mmio-v3.c vgic_v3_dist_registers.

import { type Behaviours, type Block, behave, type GuestError, type RowBehaviour } from '@virq/irq-core/registers';
import { GICD_V2, GICD_V3 } from '../regs/gicd.ts';
import { sgir } from '../sgi/software-generated.ts';
import type { Bank } from './bank.ts';
import { ctlrV3, iidr, restoreCtlrV3, typer2, typerV2, typerV3, writeCtlrV2, writeCtlrV3 } from './control.ts';
import { V2_ROWS, V3_ROWS } from './rows.ts';
import { WRITE, type Write } from './writes.ts';

type Row = RowBehaviour<Bank>;

/** Misuse is an event. */
export const onGuestError: GuestError<Bank> = ({ ctx: { trace } }, { block, offset, size, rule }) => {
  if (trace.on) trace.emit('vgic_guest_error', { block, offset, size, rule });
};

/** Rows that both have, by their names. */
const named = (rows: typeof V2_ROWS | typeof V3_ROWS) => ({
  IGROUPR: rows.group,
  ISENABLER: rows.setEnable,
  ICENABLER: rows.clearEnable,
  ISPENDR: rows.setPending,
  ICPENDR: rows.clearPending,
  ISACTIVER: rows.setActive,
  ICACTIVER: rows.clearActive,
  IPRIORITYR: rows.priority,
  ICFGR: rows.config,
});

/** CPUs that a byte of ITARGETSR has room for. */
const MAX_TARGETS = 8;

/** ITARGETSR: fixed for private interrupts; vCPUs that there are, and the first of them, by index; nobody means vCPU 0. */
const targets: Row = {
  read(c, intid) {
    const handle = c.handle(intid);
    return handle < 0 ? 0 : c.irq(handle).targets;
  },
  write(c, value, intid) {
    const handle = c.handle(intid);
    if (handle < 0 || intid < 32) return;
    const kept = value & (2 ** Math.min(MAX_TARGETS, c.online()) - 1);
    c.written.value = kept;
    c.written.target = kept === 0 ? 1 : 32 - Math.clz32(kept & -kept);
    c.apply(WRITE.targets, handle);
  },
};

/** A byte of senders of an SGI. */
const senders = (write: Write): Row => ({
  read: (c, sgi) => c.irq(c.handle(sgi)).source,
  write(c, value, sgi) {
    c.written.value = value;
    c.apply(write, c.handle(sgi));
  },
});

const V2: Behaviours<Bank, keyof typeof GICD_V2.rows & string> = {
  ...named(V2_ROWS),
  CTLR: { read: (c) => c.ctx.state.dist.enabled, write: writeCtlrV2 },
  TYPER: { read: typerV2 },
  IIDR: { read: iidr },
  ITARGETSR: targets,
  SGIR: { read: () => 0, write: sgir },
  CPENDSGIR: senders(WRITE.removeSenders),
  SPENDSGIR: senders(WRITE.addSenders),
};

/** 1 + index of the vCPU with an affinity, 0 for none. */
function targetOf({ ctx: { state }, online }: Bank, mpidr: number): number {
  for (let vcpu = 0; vcpu < online(); vcpu++) if (state.redists.at(vcpu).mpidr === mpidr) return vcpu + 1;
  return 0;
}

/** IROUTER: 24 bits of affinity. The vCPU is looked up once, here; a pending interrupt that gets a target is not queued. */
const router: Row = {
  read(c, intid, half) {
    const handle = half === 1 ? -1 : c.handle(intid);
    return handle < 0 ? 0 : c.irq(handle).mpidr;
  },
  write(c, value, intid, half) {
    const handle = half === 1 ? -1 : c.handle(intid);
    if (handle < 0) return;
    c.written.value = value & 0xffffff;
    c.written.target = targetOf(c, c.written.value);
    c.apply(WRITE.router, handle);
  },
};

const V3: Behaviours<Bank, keyof typeof GICD_V3.rows & string> = {
  ...named(V3_ROWS),
  CTLR: { read: ctlrV3, write: writeCtlrV3, restore: restoreCtlrV3 },
  TYPER: { read: typerV3 },
  IIDR: { read: iidr },
  TYPER2: { read: typer2 },
  IROUTER: router,
};

/** Distributors by model. */
export const GICD: Readonly<Record<2 | 3, Block<Bank>>> = {
  2: behave(GICD_V2, V2, onGuestError),
  3: behave(GICD_V3, V3, onGuestError),
};
