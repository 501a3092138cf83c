// What the guest's Linux does with its GIC, whichever version it is: the words of the guest operations.

/** First INTID that means nothing to handle: 1020 to 1023. */
export const SPECIAL = 1020;

/** An interrupt controller's driver. Return values are 0 or negative errno; `cpu` is the CPU on which the code runs. */
export interface GicDriver {
  /** The distributor, by the CPU that boots. */
  initDistributor(cpu: number): void;
  /** A CPU comes up: its private interrupts, priorities, its interface. */
  initCpu(cpu: number): void;
  /** gic_set_type: -EINVAL if the configuration does not stick. */
  setType(cpu: number, intid: number, edge: boolean): number;
  /** gic_set_affinity of an SPI. */
  setAffinity(cpu: number, intid: number, target: number): void;
  mask(cpu: number, intid: number): void;
  unmask(cpu: number, intid: number): void;
  /** The word of IAR; with an EOImode of 1 its priority is dropped at once. */
  acknowledge(cpu: number): number;
  /** INTID of such a word. */
  intidOf(word: number): number;
  /** irq_eoi: the handler has done. */
  eoi(cpu: number, intid: number): void;
  /** irq_set_irqchip_state: pending or active of an SPI or PPI, by the distributor's registers. */
  setState(cpu: number, intid: number, state: IrqchipState, on: boolean): void;
  getState(cpu: number, intid: number, state: IrqchipState): number;
  /** Sends SGI `intid` to the CPUs of a list. */
  ipi(cpu: number, intid: number, targets: readonly number[]): void;
}

/** IRQCHIP_STATE_*. */
export type IrqchipState = 'pending' | 'active';
