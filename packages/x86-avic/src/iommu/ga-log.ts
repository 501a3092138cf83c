// The guest virtual APIC log: which vCPUs were posted to while they did not run. AMD I/O Virtualization (48882) 2.5.7; Linux: drivers/iommu/amd/{init,iommu}.c.

import { array, struct, u1, u16, u32, type View } from '@virq/irq-core/arena';

/** Entries of the ring that Linux allocates (GA_LOG_ENTRIES), 8 bytes each. */
export const GA_LOG_ENTRIES = 512;

/** Bits 31:0 tag, 47:32 device id, 63:60 type 1 (guest not running). */
const GaLogEntry = struct('gaLogEntry', { tag: u32, devid: u16 });

/**
 * The ring. `head` (MMIO 0x2040) and `tail` (0x2048) count entries, the registers bytes; `running` and `overflow` are status (0x2020) bits 8 and 9;
 * `polling` says that the interrupt's thread is at work.
 */
export const gaLogLayout = (entries: number) =>
  struct('gaLog', {
    head: u16,
    tail: u16,
    running: u1,
    overflow: u1,
    polling: u1,
    ring: array(GaLogEntry, entries),
  });
export type GaLog = View<ReturnType<typeof gaLogLayout>>;

/** True if the driver has not read everything. */
export const hasEntries = (log: GaLog): boolean => log.head !== log.tail;

/** The IOMMU writes an entry. A full ring stops the log: the entry is lost until the driver restarts it (overflow interrupt). */
export function append(log: GaLog, tag: number, devid: number): void {
  if (log.running === 0) return;
  const next = (log.tail + 1) % log.ring.length;
  if (next === log.head) {
    log.running = 0;
    log.overflow = 1;
    return;
  }
  const entry = log.ring.at(log.tail);
  entry.tag = tag;
  entry.devid = devid;
  log.tail = next;
}

/** iommu_poll_ga_log takes one entry: its tag. The ring must not be empty. */
export function takeEntry(log: GaLog): number {
  const { tag } = log.ring.at(log.head);
  log.head = (log.head + 1) % log.ring.length;
  return tag;
}

/** amd_iommu_restart_ga_log (af47b0a24058): entries that came while it was stopped are lost. */
export function restart(log: GaLog): void {
  log.overflow = 0;
  log.running = 1;
}
