// Registers with a part for each interrupt, for guests and for user space apart. Linux: vgic-mmio.c; tables vgic_v2_dist_registers, vgic_v3_dist_registers, vgic_v3_rd_registers.

import type { RowBehaviour } from '@virq/irq-core/registers';
import { CONFIG, INTID, type Irq } from '../irq/layout.ts';
import { isMappedLevel, isPending } from '../irq/state.ts';
import type { Bank } from './bank.ts';
import { WRITE, type Write } from './writes.ts';

type Row = RowBehaviour<Bank>;
type Read = NonNullable<Row['read']>;
type Store = NonNullable<Row['write']>;

/** A read of one interrupt's part; 0 where there is none. */
const of =
  (value: (i: Irq, c: Bank) => number): Read =>
  (c, intid) => {
    const handle = c.handle(intid);
    return handle < 0 ? 0 : value(c.irq(handle), c);
  };

/** A write of one interrupt's part; dropped where there is none. `only` is the bit that has an effect. */
const to =
  (write: Write, only?: 0 | 1): Store =>
  (c, value, intid) => {
    const handle = c.handle(intid);
    if (handle < 0 || (only !== undefined && value !== only)) return;
    c.written.level = value & 1;
    c.written.value = value;
    c.apply(write, handle);
  };

const isHwSgi = (i: Irq): boolean => i.hw === 1 && i.intid < INTID.PPI;
const physicallyPending = (i: Irq, c: Bank): number => (c.lists.physical.isPending(i.hostIrq) ? 1 : 0);

/** A guest sees the line of a mapped level interrupt's device as it is now, not what ISPENDR made of it. */
function guestPending(i: Irq, c: Bank): number {
  if (isHwSgi(i)) return physicallyPending(i, c);
  if (isMappedLevel(i)) return c.lists.physical.line(i.hostIrq);
  return isPending(i) ? 1 : 0;
}

/** User space saves the latch of a GICv3; lines have their own group. */
const userPending = (i: Irq, c: Bank): number => (isHwSgi(i) ? physicallyPending(i, c) : i.pendingLatch);
const userPendingV2 = (i: Irq): number => (isPending(i) ? 1 : 0);

const setPendingByUser = to(WRITE.userSetPending);
const clearPendingByUser = to(WRITE.userClearPending);
const pendingOfV3: Store = (c, value, intid, half) =>
  (value === 1 ? setPendingByUser : clearPendingByUser)(c, value, intid, half);

/** A SGI of a GICv2 that user space makes pending gets the vCPU itself for a sender. */
const pendingOfV2: Store = (c, value, intid) => {
  const handle = c.handle(intid);
  if (handle < 0 || value === 0) return;
  c.written.value = (1 << c.lists.idOf(c.vcpu)) & 0xff;
  c.apply(WRITE.userSetPending, handle);
};

const enabled = of((i) => i.enabled);
const active = of((i) => i.active);

/** Rows of both models. A guest's write to the active bits is a path of its own, `vgic_access_active`. */
const ROWS = {
  group: { read: of((i) => i.group), write: to(WRITE.group) },
  setEnable: { read: enabled, write: to(WRITE.guestEnable), restore: to(WRITE.userEnable, 1) },
  clearEnable: { read: enabled, write: to(WRITE.guestDisable), restore: to(WRITE.userDisable, 1) },
  setPending: { read: of(guestPending), write: to(WRITE.guestSetPending) },
  clearPending: { read: of(guestPending), write: to(WRITE.guestClearPending) },
  setActive: { read: active, restore: (c, value, intid) => changeActive(c, value, { intid, level: 1 }) },
  clearActive: { read: active, restore: (c, value, intid) => changeActive(c, value, { intid, level: 0 }) },
  priority: { read: of((i) => i.priority), write: to(WRITE.priority) },
  config: { read: of((i) => (i.config === CONFIG.EDGE ? 2 : 0)), write: to(WRITE.config) },
} as const satisfies Record<string, Row>;

function changeActive(c: Bank, value: number, { intid, level }: { intid: number; level: number }): void {
  const handle = c.handle(intid);
  if (handle < 0 || value === 0) return;
  c.written.level = level;
  c.written.owner = 0;
  c.apply(WRITE.active, handle);
}

/** Rows of a GICv3, in the distributor and in SGI_base. Linux: user space's ISPENDR sets and clears; its ICPENDR does nothing. */
export const V3_ROWS = {
  ...ROWS,
  setPending: { ...ROWS.setPending, save: of(userPending), restore: pendingOfV3 },
  clearPending: { ...ROWS.clearPending, save: () => 0, restore: () => undefined },
} as const satisfies Record<string, Row>;

/** Rows of a GICv2. Linux: user space's groups are dropped until it has shown, by writing GICD_IIDR, that it knows of them. */
export const V2_ROWS = {
  ...ROWS,
  group: {
    ...ROWS.group,
    restore(c, value, intid) {
      if (c.ctx.state.dist.groupsWritable === 1) ROWS.group.write(c, value, intid, 0);
    },
  },
  setPending: { ...ROWS.setPending, save: of(userPendingV2), restore: pendingOfV2 },
  clearPending: { ...ROWS.clearPending, save: of(userPendingV2), restore: to(WRITE.userClearPending, 1) },
} as const satisfies Record<string, Row>;
