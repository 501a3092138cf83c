// The decoded form of one event line. One record is reused for all lines: a handler that keeps anything copies it.

/** Index of an irqchip in `chip`, as KVM numbers them on x86: KVM_IRQCHIP_PIC_MASTER, _PIC_SLAVE, _IOAPIC. */
export const IRQCHIP = { PIC_MASTER: 0, PIC_SLAVE: 1, IOAPIC: 2 } as const;

/** Delivery modes in the order of their encoding (IOAPIC entry bits 10:8). */
export const DELIVERY_MODES = ['Fixed', 'LowPrio', 'SMI', 'Res3', 'NMI', 'INIT', 'SIPI', 'ExtINT'] as const;

/**
 * One event of a capture. The first block is always valid; each field of the second block is valid only for the events
 * whose text shows it (see the decoders), and keeps an older event's value otherwise. Flags are 0 or 1.
 */
export interface TraceEvent {
  /** Line number in the capture, from 1. */
  line: number;
  /** Name of the tracepoint without its group, e.g. `kvm_set_irq`. */
  name: string;
  /** Number of the tracepoint in {@link EVENT_NAMES}. */
  kind: number;
  /** Seconds of the timestamp. */
  seconds: number;
  /** Nanoseconds of the timestamp, 0 … 999,999,999. */
  nanoseconds: number;
  /** Nanoseconds (or ticks, for counting clocks) since the first event line of the capture. */
  time: number;
  /** CPU, or -1 if not shown. */
  cpu: number;
  /** Thread id. */
  pid: number;
  /** Process id, or -1 if not shown. */
  tgid: number;
  /** Task name. */
  comm: string;
  /** 1 if the task is a kworker thread, where irqfds inject. */
  kworker: number;
  /** 1 if the flags column says hard interrupt context; 0 if not or if there is no such column. */
  hardirq: number;
  /** The line itself, `bytes[lineStart, lineEnd)`, valid during the handler call only. */
  bytes: Uint8Array;
  lineStart: number;
  lineEnd: number;

  /** GSI, i.e. the number of a KVM routing entry. */
  gsi: number;
  level: number;
  /** Interrupt source id: 0 user space or plain irqfd, 1 resampling irqfd, 2 and up PIT. */
  source: number;
  /** Irqchip, see {@link IRQCHIP}; -1 where KVM prints a number, on architectures with a single one. */
  chip: number;
  pin: number;
  /** Destination APIC id or mask. */
  dst: number;
  vector: number;
  /** Index in {@link DELIVERY_MODES}. */
  deliveryMode: number;
  /** 1 logical destination mode, 0 physical. */
  logical: number;
  /** 1 level-triggered, 0 edge-triggered. */
  trigger: number;
  masked: number;
  coalesced: number;
  /** MSI redirection hint. */
  redirection: number;
  /** APIC id (KVM prints the vCPU id). */
  apicid: number;
  /** Host IRQ number; for the arm64 vgic events the INTID. */
  irq: number;
  /** Handler name of irq_handler_entry. */
  handler: string;
  /** irq_handler_exit: 1 handled. kvm_apic and friends leave it alone. */
  handled: number;
  /** vCPU id or index, -1 if not shown. */
  vcpu: number;
  /** kvm_irq_line: 0 CPU, 1 SPI, 2 PPI (KVM_ARM_IRQ_TYPE_*). */
  interruptType: number;
  /** 1 write, 0 read; kvm_mmio: 2 unsatisfied read. */
  write: number;
  /** I/O port, guest physical address, MSR number, instruction pointer; exact below 2^53. */
  address: number;
  /** Bytes per access. */
  size: number;
  /** Accesses of a string instruction. */
  count: number;
  /** Bits 31:0 of the value. */
  valueLow: number;
  /** Bits 63:32 of the value. */
  valueHigh: number;
  /** Local APIC register name without `APIC_`, or the exit reason's name. */
  register: string;
  /** Exit reason number (kvm_userspace_exit), 0 if only a name is shown. */
  reason: number;
  /** kvm_userspace_exit: errno as a negative number, else 0. */
  error: number;
  /** kvm_pi_irte_update, kvm_apicv_inhibit_changed: 1 set, 0 cleared. */
  set: number;
  /** kvm_inj_virq: 1 for a software interrupt. kvm_msr: 1 if it raised #GP. */
  soft: number;
  reinjected: number;
}

/** A record to be reused. */
export function createTraceEvent(): TraceEvent {
  return {
    line: 0,
    name: '',
    kind: 0,
    seconds: 0,
    nanoseconds: 0,
    time: 0,
    cpu: 0,
    pid: 0,
    tgid: -1,
    comm: '',
    kworker: 0,
    hardirq: 0,
    bytes: new Uint8Array(0),
    lineStart: 0,
    lineEnd: 0,
    gsi: 0,
    level: 0,
    source: 0,
    chip: 0,
    pin: 0,
    dst: 0,
    vector: 0,
    deliveryMode: 0,
    logical: 0,
    trigger: 0,
    masked: 0,
    coalesced: 0,
    redirection: 0,
    apicid: 0,
    irq: 0,
    handler: '',
    handled: 0,
    vcpu: -1,
    interruptType: 0,
    write: 0,
    address: 0,
    size: 0,
    count: 0,
    valueLow: 0,
    valueHigh: 0,
    register: '',
    reason: 0,
    error: 0,
    set: 0,
    soft: 0,
    reinjected: 0,
  };
}
