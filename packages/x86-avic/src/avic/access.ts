// Which accesses of a guest to its local APIC the hardware completes, and how the others exit. AMD APM vol. 2 15.29.3.1; Linux: svm/avic.c is_avic_unaccelerated_access_trap.

/** Completed by hardware; exit after the write is in the backing page; exit before the access. */
export type Access = 'accelerated' | 'trap' | 'fault';

/** Reading and writing a register. */
export interface AccessRow {
  readonly read: Access;
  readonly write: Access;
}

const row = (read: Access, write: Access): AccessRow => ({ read, write });
const READ_ONLY = row('accelerated', 'fault');
const TRAPPED = row('accelerated', 'trap');

/**
 * By offset; what is not here faults. EOI and ICR writes depend on what is written: an EOI traps when the vector is level-triggered, an ICR write when the
 * hardware cannot send it.
 */
const ACCESS: Readonly<Record<number, AccessRow>> = {
  32: TRAPPED,
  48: READ_ONLY,
  128: row('accelerated', 'accelerated'),
  144: READ_ONLY,
  160: READ_ONLY,
  176: row('fault', 'accelerated'),
  192: row('fault', 'trap'),
  208: TRAPPED,
  224: TRAPPED,
  240: TRAPPED,
  640: TRAPPED,
  768: row('accelerated', 'accelerated'),
  784: row('accelerated', 'accelerated'),
  800: TRAPPED,
  816: TRAPPED,
  832: TRAPPED,
  848: TRAPPED,
  864: TRAPPED,
  880: TRAPPED,
  896: TRAPPED,
  912: row('fault', 'fault'),
  992: TRAPPED,
  1008: row('fault', 'accelerated'),
};
const FAULT = row('fault', 'fault');

/** Offsets 0x100 to 0x27f: ISR, TMR and IRR. */
const isBitmap = (offset: number): boolean => offset >= 0x100 && offset < 0x280;

/** How accesses to a register end. */
export const accessTo = (offset: number): AccessRow => (isBitmap(offset) ? READ_ONLY : (ACCESS[offset] ?? FAULT));
