// State of one interrupt, and where all of a VM lie. Linux: include/kvm/arm_vgic.h struct vgic_irq.

import { array, bits, handle, pool, struct, u1, u8, u16, u32, type View } from '@virq/irq-core/arena';
import { lock } from '@virq/irq-core/protocol';

/** Trigger configuration; edge is what zeroed state means. */
export const CONFIG = { EDGE: 0, LEVEL: 1 } as const;

/** INTIDs by class. SPIs end at the VM's number of interrupts, LPIs at 2^16. */
export const INTID = { PPI: 16, SPI: 32, SPECIAL: 1020, SPURIOUS: 1023, LPI: 8192 } as const;

/**
 * struct vgic_irq. `lineLevel` is the input as last driven, `pendingLatch` the flip-flop of an edge or of a write to ISPENDR: the two are apart.
 * `target` is 1 + index of the vCPU it is meant for, `vcpu` 1 + index of the one whose ap_list has it, 0 for none. `targets` is the ITARGETSR byte (v2), `mpidr` the
 * affinity (v3). `source` has a bit per sender of a v2 SGI, `activeSource` the sender being served. `owner` is 0 for user space. `refs` counts references to an
 * LPI, `dead` says that its memory goes after a grace period. `next` and `previous` link the ap_list by handle + 1.
 */
export const Irq = struct('irq', {
  intid: u32,
  config: u1,
  enabled: u1,
  lineLevel: u1,
  pendingLatch: u1,
  active: u1,
  group: u1,
  hw: u1,
  softwareResample: u1,
  onLr: u1,
  activeSource: bits(3),
  priority: u8,
  source: u8,
  targets: u8,
  mpidr: bits(24),
  target: u16,
  vcpu: u16,
  hostIrq: u32,
  owner: u8,
  refs: u16,
  dead: u1,
  next: u16,
  previous: u16,
  irqLock: lock,
});
export type Irq = View<typeof Irq>;

/** The ap_list of a vCPU: interrupts that are in flight for it, in order. Ends are handle + 1, 0 for none. */
export const ApList = struct('apList', { first: u16, last: u16, count: u16, apLock: lock });
export type ApList = View<typeof ApList>;

/** LPIs by INTID: the first `count` places are in use, in the order of INTIDs. */
export const lpiTable = (lpis: number) =>
  struct('lpiTable', { count: u16, intids: array(u32, lpis), lpis: array(handle, lpis) });
export type LpiTableState = View<ReturnType<typeof lpiTable>>;

/** Sizes of {@link irqsLayout}. */
export interface IrqSizes {
  readonly vcpus: number;
  /** SPIs, from INTID 32 on. */
  readonly spis: number;
  /** LPIs that can exist at once, at most 1023. */
  readonly lpis: number;
}

/**
 * All interrupts of a VM: 32 private ones per vCPU, the SPIs, and LPIs as they are mapped. `rcuReaders` counts those who look an LPI up without a lock:
 * while there are any, an LPI without references keeps its memory.
 */
export const irqsLayout = ({ vcpus, spis, lpis }: IrqSizes) =>
  struct('irqs', {
    private: array(Irq, vcpus * INTID.SPI),
    spis: array(Irq, Math.max(1, spis)),
    lpis: pool(Irq, Math.max(1, lpis)),
    apLists: array(ApList, vcpus),
    lpiTable: lpiTable(Math.max(1, lpis)),
    lpiLock: lock,
    rcuReaders: u8,
  });
export type IrqsState = View<ReturnType<typeof irqsLayout>>;
