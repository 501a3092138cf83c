// Which functions share a line: pins rotate through bridges up to the root bus. PCI-to-PCI Bridge Architecture 1.2, 9.1; Linux: pci_swizzle_interrupt_pin (drivers/pci/pci.c).

/** Where a function sits: its slot on its bus, its pin, and the slots of the bridges above it, the nearest first. */
export interface PciPlace {
  readonly slot: number;
  /** 1 INTA … 4 INTD. */
  readonly pin: number;
  readonly behind: readonly number[];
}

/** Linux irqs of the root's four lines, PIRQ A to D. */
export const ROOT_LINES: readonly number[] = [16, 17, 18, 19];

/** The pin of the bridge in whose slot a pin ends: pin' = (pin − 1 + slot) mod 4 + 1. */
export const swizzle = (pin: number, slot: number): number => ((pin - 1 + slot) % 4) + 1;

/** Pin and slot on the root bus. */
export function atRoot({ slot, pin, behind }: PciPlace): { readonly slot: number; readonly pin: number } {
  return behind.reduce((at, bridge) => ({ slot: bridge, pin: swizzle(at.pin, at.slot) }), { slot, pin });
}

/**
 * Linux irq of a function: the root wires pin p of slot s to line (p − 1 + s) mod 4.
 * Abstraction: that is the usual wiring, not a rule; firmware tables (_PRT) may say something else, and `host_irq` says it outright.
 */
export function lineOf(place: PciPlace, lines: readonly number[] = ROOT_LINES): number {
  const { slot, pin } = atRoot(place);
  return lines[swizzle(pin, slot) - 1] as number;
}
