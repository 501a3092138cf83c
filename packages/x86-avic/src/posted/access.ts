// Which accesses of a guest to its local APIC a VMX CPU completes, and how the others exit. Intel SDM vol. 3 30.4, 30.5; Linux: vmx.c vmx_update_msr_bitmap_x2apic.

/** Read from the virtual-APIC page; written there and then emulated by the CPU; exit after the write (APIC_WRITE); exit before the access (APIC_ACCESS, or an intercepted MSR). */
export type Access = 'virtual' | 'emulated' | 'after' | 'before';

/** Reading and writing a register. */
export interface AccessRow {
  readonly read: Access;
  readonly write: Access;
}

const row = (read: Access, write: Access): AccessRow => ({ read, write });
const WRITE_EXITS = row('virtual', 'after');
const READ_ONLY = row('virtual', 'before');
const NEITHER = row('before', 'before');

/** By offset, with APIC-register virtualization and virtual-interrupt delivery; what is not here exits before. PPR is not among those that are read from the page. */
const MMIO: Readonly<Record<number, AccessRow>> = {
  32: WRITE_EXITS,
  48: READ_ONLY,
  128: row('virtual', 'emulated'),
  176: row('virtual', 'emulated'),
  208: WRITE_EXITS,
  224: WRITE_EXITS,
  240: WRITE_EXITS,
  640: WRITE_EXITS,
  768: row('virtual', 'emulated'),
  784: row('virtual', 'emulated'),
  800: WRITE_EXITS,
  816: WRITE_EXITS,
  832: WRITE_EXITS,
  848: WRITE_EXITS,
  864: WRITE_EXITS,
  880: WRITE_EXITS,
  896: WRITE_EXITS,
  992: WRITE_EXITS,
};

/** x2APIC MSRs that KVM does not intercept: all reads but that of the current count, writes of TPR, EOI and SELF_IPI. */
const MSR: Readonly<Record<number, AccessRow>> = {
  128: row('virtual', 'emulated'),
  176: row('before', 'emulated'),
  912: NEITHER,
  1008: row('before', 'emulated'),
};

/** Offsets 0x100 to 0x27f: ISR, TMR and IRR. */
const isBitmap = (offset: number): boolean => offset >= 0x100 && offset < 0x280;

/** How accesses to a register end. */
export const accessTo = (how: 'mmio' | 'msr', offset: number): AccessRow =>
  how === 'msr' ? (MSR[offset] ?? READ_ONLY) : isBitmap(offset) ? READ_ONLY : (MMIO[offset] ?? NEITHER);
