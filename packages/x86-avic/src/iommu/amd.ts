// The AMD IOMMU's interrupt remapping with its driver: what each operation writes, and what a device's message then does. Linux: drivers/iommu/amd/iommu.c.

import { array, struct, u1, u8, u16, u32, type View } from '@virq/irq-core/arena';
import type { RemapResult } from '@virq/irq-core/host';
import { Dte } from './dte.ts';
import { append, type GaLog, gaLogLayout } from './ga-log.ts';
import {
  copyIrte,
  destination,
  INT_TYPE,
  Irte,
  rootFrame,
  setDestination,
  setRootFrame,
  writeRemapped,
} from './irte.ts';

/**
 * struct amd_ir_data of one host irq. `entry` is the IRTE in memory, `cache` the IOMMU's copy while `isCached`;
 * `remapOnly` an entry that cannot post, for which irq_set_vcpu_affinity fails with EINVAL (07172206a26d); `hostVector` and `hostCpu` the irq_cfg that
 * deactivation restores; `gaVector` the vector it posts, for when AVIC comes back; `cachedGaTag` the tag that the code before 6.17 hands back as prev_ga_tag.
 */
export const IrData = struct('irData', {
  used: u1,
  isCached: u1,
  remapOnly: u1,
  devid: u16,
  entry: Irte,
  cache: Irte,
  hostVector: u8,
  hostCpu: u8,
  gaVector: u8,
  cachedGaTag: u32,
});
export type IrData = View<typeof IrData>;

/** One IOMMU: device table entries, remapping entries by host irq (counted from the first message vector), the GA log. */
export const amdLayout = (irqs: number, logEntries: number) =>
  struct('amd', {
    dtes: array(Dte, Math.ceil(irqs / 32)),
    irqs: array(IrData, irqs),
    gaLog: gaLogLayout(logEntries),
  });
export type AmdState = View<ReturnType<typeof amdLayout>>;

/** What the IOMMU reaches when it posts. */
export interface VapicBus {
  /** Sets IRR[vector] in a backing page; false if the frame is none. */
  setIrr(frame: number, vector: number): boolean;
  /** Sends the doorbell interrupt to a physical APIC id. */
  doorbell(apicId: number): void;
  /** The GA interrupt: the log has an entry, or overflowed. */
  gaInterrupt(): void;
}

/** Where guest mode posts to. */
export interface GuestTarget {
  readonly frame: number;
  readonly vector: number;
  readonly tag: number;
}

/** IOMMU_CMD_INV_IRT with completion wait: the IOMMU reads the entry anew. */
export function invalidate(d: IrData): void {
  d.isCached = 0;
}

/** irte_ga_activate for a host interrupt: fixed, physical, to one CPU. */
export function mapHost(d: IrData, devid: number, vector: number, cpu: number): void {
  d.used = 1;
  d.devid = devid;
  d.hostVector = vector;
  d.hostCpu = cpu;
  writeRemapped(d.entry, { vector, dest: cpu, logical: 0, intType: INT_TYPE.FIXED });
  d.entry.valid = 1;
  invalidate(d);
}

/** irte_ga_clear_allocated. */
export function unmapHost(d: IrData): void {
  writeRemapped(d.entry, { vector: 0, dest: 0, logical: 0, intType: INT_TYPE.FIXED });
  Object.assign(d, { used: 0, cachedGaTag: 0, devid: 0, hostVector: 0, hostCpu: 0 });
  d.entry.valid = 0;
  invalidate(d);
}

/** Where the vCPU runs: `cpu` is -1 when it does not, and then the log tells of posts if `log` is set. */
export interface Runs {
  readonly cpu: number;
  readonly log: number;
}

/** __amd_iommu_update_ga: destination, IsRun and GALogIntr of an entry in guest mode. The destination stays while the vCPU does not run. */
export function writeRuns(e: Irte, cpu: number, log: number): void {
  if (cpu >= 0) setDestination(e, cpu);
  e.isRun = cpu >= 0 ? 1 : 0;
  e.gaLogIntr = cpu >= 0 ? 0 : log;
}

/** amd_iommu_activate_guest_mode: one 128-bit write. The caller invalidates. */
export function activateGuestMode(d: IrData, to: GuestTarget, { cpu, log }: Runs): void {
  const e = d.entry;
  e.guestMode = 1;
  e.intTypeHi = 0;
  e.rqEoi = 0;
  setDestination(e, cpu >= 0 ? cpu : 0);
  writeRuns(e, cpu, log);
  e.gaTag = to.tag;
  e.vector = to.vector;
  d.gaVector = to.vector;
  setRootFrame(e, to.frame);
}

/** amd_iommu_deactivate_guest_mode: back to the irq_cfg. False if it was not in guest mode, and then nothing is written. */
export function deactivateGuestMode(d: IrData): boolean {
  if (d.entry.guestMode === 0) return false;
  const { valid } = d.entry;
  writeRemapped(d.entry, { vector: d.hostVector, dest: d.hostCpu, logical: 0, intType: INT_TYPE.FIXED });
  d.entry.valid = valid;
  return true;
}

/** irq_set_affinity of the host: in guest mode only the irq_cfg changes. True if the entry was written. */
export function setHostAffinity(d: IrData, cpu: number): boolean {
  d.hostCpu = cpu;
  if (d.entry.guestMode === 1) return false;
  setDestination(d.entry, cpu);
  return true;
}

/**
 * The entry as the IOMMU sees it now. Destination, IsRun and GATag are never cached, and KVM relies on it: amd_iommu_update_ga does not flush.
 * Abstraction: neither is GALogIntr, which the same function changes without a flush.
 */
function fetch(d: IrData): Irte {
  if (d.isCached === 0) {
    copyIrte(d.cache, d.entry);
    d.isCached = 1;
    return d.cache;
  }
  if (d.cache.guestMode === 1) {
    const { entry, cache } = d;
    cache.isRun = entry.isRun;
    cache.gaLogIntr = entry.gaLogIntr;
    cache.gaTag = entry.gaTag;
    cache.destLo = entry.destLo;
    cache.destHi = entry.destHi;
  }
  return d.cache;
}

/** Posts by an entry in guest mode: IRR first, then the doorbell, the log, or nobody. */
function post(e: Irte, d: IrData, log: GaLog, bus: VapicBus): RemapResult {
  if (!bus.setIrr(rootFrame(e), e.vector)) return 'aborted';
  if (e.isRun === 1) bus.doorbell(destination(e));
  else if (e.gaLogIntr === 1) {
    append(log, e.gaTag, d.devid);
    bus.gaInterrupt();
  }
  return 'posted';
}

/** A message arrives at the IOMMU. */
export function deliverMessage(d: IrData, log: GaLog, bus: VapicBus): RemapResult {
  const e = fetch(d);
  if (e.valid === 0) return 'aborted';
  return e.guestMode === 1 ? post(e, d, log, bus) : 'host';
}
