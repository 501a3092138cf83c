// What the guest's Linux does with interrupts, whichever controller it has negotiated: the words of the guest operations.

/** An interrupt that a CPU has taken. `irq` is 0 when there was none. */
export interface Taken {
  readonly irq: number;
  /** Source, -1 for the IPI and for none. */
  readonly lisn: number;
}

/** A Linux guest's interrupt driver. Return values are 0 or negative errno; `cpu` is the CPU on which the code runs. */
export interface GuestDriver {
  /** A CPU comes up: queue, IPI, priority open. */
  setupCpu(cpu: number): number;
  /** irq_create_mapping: number of the interrupt of a source, or -EINVAL. */
  map(cpu: number, lisn: number): number;
  /** irq_startup on a target CPU. */
  startup(cpu: number, irq: number, target: number): number;
  shutdown(cpu: number, irq: number): number;
  mask(cpu: number, irq: number): number;
  unmask(cpu: number, irq: number): number;
  setAffinity(cpu: number, irq: number, target: number): number;
  /** The source sends its interrupt again. */
  retrigger(cpu: number, irq: number): number;
  /** The CPU's external interrupt: what get_irq finds. */
  take(cpu: number): Taken;
  /** End of the interrupt that the CPU serves. */
  eoi(cpu: number, irq: number): number;
  /** Sends an IPI to a CPU. */
  ipi(cpu: number, target: number): number;
  /** There is something to take: a raised line is not this driver's to know. */
  mustReplay(cpu: number): boolean;
}
