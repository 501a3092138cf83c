// What the drivers of both GICs do with a distributor. Linux: drivers/irqchip/irq-gic-common.c gic_dist_config, gic_cpu_config, gic_configure_irq.

import { EINVAL } from '@virq/irq-core/errors';
import { INTID } from '../irq/layout.ts';
import type { GuestAccess } from './access-types.ts';
import type { IrqchipState } from './driver.ts';

/** Offsets in a distributor, and in the SGI frame of a redistributor. */
export const GICD = {
  CTLR: 0x000,
  TYPER: 0x004,
  IGROUPR: 0x080,
  ISENABLER: 0x100,
  ICENABLER: 0x180,
  ISPENDR: 0x200,
  ICPENDR: 0x280,
  ISACTIVER: 0x300,
  ICACTIVER: 0x380,
  IPRIORITYR: 0x400,
  ITARGETSR: 0x800,
  ICFGR: 0xc00,
  SGIR: 0xf00,
  IROUTER: 0x6000,
} as const;

const ALL = 0xffffffff;

/** A byte four times. */
export const repeated = (byte: number): number => (byte * 0x01010101) >>> 0;

/** Interrupts of a distributor, as GICD_TYPER says, at most 1020. */
export const linesOf = (typer: number): number => Math.min(((typer & 0x1f) + 1) * 32, INTID.SPECIAL);

/** gic_dist_config: all SPIs level, of one priority, inactive and disabled. Pending state is left as it is. */
export function configureSpis(
  bus: GuestAccess,
  cpu: number,
  base: number,
  of: { lines: number; priority: number },
): void {
  const { lines, priority } = of;
  for (let i = 32; i < lines; i += 16) bus.store(cpu, base + GICD.ICFGR + i / 4, 4, 0);
  for (let i = 32; i < lines; i += 4) bus.store(cpu, base + GICD.IPRIORITYR + i, 4, repeated(priority));
  for (let i = 32; i < lines; i += 32) {
    bus.store(cpu, base + GICD.ICACTIVER + i / 8, 4, ALL);
    bus.store(cpu, base + GICD.ICENABLER + i / 8, 4, ALL);
  }
}

/** gic_cpu_config: the same for the private interrupts of a CPU; the configuration stays. */
export function configurePrivate(bus: GuestAccess, cpu: number, base: number, priority: number): void {
  bus.store(cpu, base + GICD.ICACTIVER, 4, ALL);
  bus.store(cpu, base + GICD.ICENABLER, 4, ALL);
  for (let i = 0; i < 32; i += 4) bus.store(cpu, base + GICD.IPRIORITYR + i, 4, repeated(priority));
}

/** gic_configure_irq: read, change, write, read. -EINVAL if it does not stick. */
export function configureIrq(
  bus: GuestAccess,
  cpu: number,
  base: number,
  of: { intid: number; edge: boolean },
): number {
  const { intid, edge } = of;
  const at = base + GICD.ICFGR + Math.floor(intid / 16) * 4;
  const bit = 2 << ((intid % 16) * 2);
  const before = bus.load(cpu, at, 4);
  const after = (edge ? before | bit : before & ~bit) >>> 0;
  if (after === before) return 0;
  bus.store(cpu, at, 4, after);
  return bus.load(cpu, at, 4) === after ? 0 : -EINVAL;
}

/** gic_poke_irq: writes one bit. */
export function poke(bus: GuestAccess, cpu: number, base: number, intid: number): void {
  bus.store(cpu, base + Math.floor(intid / 32) * 4, 4, (1 << (intid % 32)) >>> 0);
}

/** gic_peek_irq. */
export const peek = (bus: GuestAccess, cpu: number, base: number, intid: number): number =>
  (bus.load(cpu, base + Math.floor(intid / 32) * 4, 4) >>> (intid % 32)) & 1;

/** Registers that set and clear a state. */
export const STATE_REGISTERS: Readonly<Record<IrqchipState, { readonly set: number; readonly clear: number }>> = {
  pending: { set: GICD.ISPENDR, clear: GICD.ICPENDR },
  active: { set: GICD.ISACTIVER, clear: GICD.ICACTIVER },
};
