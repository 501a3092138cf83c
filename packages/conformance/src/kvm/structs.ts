// Byte offsets in the structures of KVM's ioctls on x86. Linux: arch/x86/include/uapi/asm/kvm.h, include/uapi/linux/kvm.h.

/** struct kvm_regs: 18 words of 64 bits. */
export const REGS = { SIZE: 144, RSP: 48, RIP: 128, RFLAGS: 136 } as const;

/** struct kvm_sregs. */
export const SREGS = {
  SIZE: 312,
  CS: 0,
  DS: 24,
  ES: 48,
  FS: 72,
  GS: 96,
  SS: 120,
  GDT: 192,
  IDT: 208,
  CR0: 224,
  CR4: 248,
  EFER: 264,
  APIC_BASE: 272,
} as const;

/** struct kvm_segment. */
export const SEGMENT = {
  BASE: 0,
  LIMIT: 8,
  SELECTOR: 12,
  TYPE: 14,
  PRESENT: 15,
  DPL: 16,
  DB: 17,
  S: 18,
  L: 19,
  G: 20,
  UNUSABLE: 22,
};

/** struct kvm_run. */
export const RUN = {
  EXIT_REASON: 8,
  IO_DIRECTION: 32,
  IO_PORT: 34,
  IO_DATA_OFFSET: 40,
  MMIO_DATA: 40,
  EOI_VECTOR: 32,
} as const;

/** struct kvm_vcpu_events. */
export const EVENTS = { SIZE: 64, NMI_INJECTED: 12, NMI_PENDING: 13, FLAGS: 20, SMI_PENDING: 25 } as const;

/** struct kvm_irqchip: chip id, then the chip. */
export const IRQCHIP = { SIZE: 520, CHIP: 8 } as const;

/** struct kvm_ioapic_state behind the chip id. */
export const IOAPIC = { BASE: 8, SELECT: 16, ID: 20, IRR: 24, REDIRECTION: 32, PINS: 24 } as const;

/** struct kvm_pic_state: one byte each, in this order. */
export const PIC_FIELDS = [
  'last_irr',
  'irr',
  'imr',
  'isr',
  'priority_add',
  'irq_base',
  'read_reg_select',
  'poll',
  'special_mask',
  'init_state',
  'auto_eoi',
  'rotate_on_auto_eoi',
  'special_fully_nested_mode',
  'init4',
  'elcr',
] as const;

/** Registers of the LAPIC page that `observe` shows and `lapic_set` writes, by offset. */
export const LAPIC = {
  id: 0x20,
  tpr: 0x80,
  ppr: 0xa0,
  ldr: 0xd0,
  dfr: 0xe0,
  spiv: 0xf0,
  lvt0: 0x350,
  lvt1: 0x360,
  icr: 0x300,
  icr2: 0x310,
  esr: 0x280,
} as const;
/** The three vector bitmaps of the page: eight words of 32 bits, 16 bytes apart. */
export const BITMAP = { isr: 0x100, tmr: 0x180, irr: 0x200 } as const;

/** struct kvm_irq_routing_entry. */
export const ROUTE_SIZE = 48;
