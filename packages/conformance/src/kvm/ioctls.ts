// @table
// ioctl numbers of KVM: direction, number and size of the argument. Linux: include/uapi/linux/kvm.h, asm-generic/ioctl.h.

const KVMIO = 0xae;
const NONE = 0;
const WRITE = 1;
const READ = 2;

const io = (nr: number, dir = NONE, size = 0): number => ((dir << 30) | (size << 16) | (KVMIO << 8) | nr) >>> 0;

/** Request numbers by name, without KVM_. */
export const IOCTL = {
  GET_API_VERSION: io(0x00),
  CREATE_VM: io(0x01),
  CHECK_EXTENSION: io(0x03),
  GET_VCPU_MMAP_SIZE: io(0x04),
  GET_SUPPORTED_CPUID: io(0x05, READ | WRITE, 8),
  CREATE_VCPU: io(0x41),
  SET_USER_MEMORY_REGION: io(0x46, WRITE, 32),
  SET_TSS_ADDR: io(0x47),
  CREATE_IRQCHIP: io(0x60),
  GET_IRQCHIP: io(0x62, READ | WRITE, 520),
  SET_IRQCHIP: io(0x63, READ, 520),
  IRQ_LINE: io(0x61, WRITE, 8),
  IRQ_LINE_STATUS: io(0x67, READ | WRITE, 8),
  SET_GSI_ROUTING: io(0x6a, WRITE, 8),
  IRQFD: io(0x76, WRITE, 32),
  SET_BOOT_CPU_ID: io(0x78),
  RUN: io(0x80),
  SET_REGS: io(0x82, WRITE, 144),
  GET_SREGS: io(0x83, READ, 312),
  SET_SREGS: io(0x84, WRITE, 312),
  INTERRUPT: io(0x86, WRITE, 4),
  GET_MSRS: io(0x88, READ | WRITE, 8),
  SET_MSRS: io(0x89, WRITE, 8),
  GET_LAPIC: io(0x8e, READ, 1024),
  SET_LAPIC: io(0x8f, WRITE, 1024),
  SET_CPUID2: io(0x90, WRITE, 8),
  GET_MP_STATE: io(0x98, READ, 4),
  SET_MP_STATE: io(0x99, WRITE, 4),
  NMI: io(0x9a),
  GET_VCPU_EVENTS: io(0x9f, READ, 64),
  SET_VCPU_EVENTS: io(0xa0, WRITE, 64),
  ENABLE_CAP: io(0xa3, WRITE, 104),
  SIGNAL_MSI: io(0xa5, WRITE, 32),
} as const;

/** Capabilities. */
export const CAP = { SPLIT_IRQCHIP: 121, X2APIC_API: 129 } as const;

/** Exit reasons that the guest code can come to. */
export const EXIT = { IO: 2, MMIO: 6, INTR: 10, IOAPIC_EOI: 26 } as const;
