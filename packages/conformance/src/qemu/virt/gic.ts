// Operations on the registers and input lines of a GIC. Sheet: 3, 4; exec words: `d`, `r`, `c`, `spi`, `ppi`, `irq_setup`.

import { flag, num } from '../../arguments.ts';
import type { Op } from '../../oracle.ts';
import { access, load, type Run, store } from '../oracle.ts';
import { GICC, GICD, redistributor, SGI_FRAME, SPI_LINES } from './map.ts';
import { CPU_INTERFACE, DISTRIBUTOR, offsetOf, REDISTRIBUTOR, type Registers } from './registers.ts';
import type { Session } from './session.ts';

const PRIVATE = 32;
/** Priority when nobody says. */
const PRIORITY = 0xa0;

const named = (registers: Registers | undefined, op: Op): number => offsetOf(registers, String(op['reg']));

/** A frame of a redistributor. */
const frame = (op: Op): number => redistributor(num(op, 'cpu')) + (op['frame'] === 'sgi' ? SGI_FRAME : 0);

/** Where the registers of an interrupt are: private ones of a GICv3 in the redistributor. */
function banked(s: Session, op: Op): number {
  if (num(op, 'intid') >= PRIVATE || s.controller === 'gicv2') return GICD;
  return redistributor(num(op, 'cpu')) + SGI_FRAME;
}

/** Changes bits of a word and leaves the others. */
async function modify({ qemu }: Session, address: number, mask: number, value: number): Promise<void> {
  const before = Number(await load(qemu, address));
  await store(qemu, address, ((before & ~mask) | value) >>> 0);
}

/** The word of a register with one bit for each interrupt, and the bit. */
function bitOf(base: number, register: string, intid: number): { readonly address: number; readonly bit: number } {
  return { address: base + offsetOf(DISTRIBUTOR, register) + 4 * (intid >> 5), bit: (1 << (intid & 31)) >>> 0 };
}

/** Sends an SPI to a CPU. */
async function route({ qemu, controller }: Session, intid: number, cpu: number): Promise<void> {
  if (controller === 'gicv2') await store(qemu, GICD + offsetOf(DISTRIBUTOR, `ITARGETSR:${intid}`), 1 << cpu, 1);
  else await store(qemu, GICD + offsetOf(DISTRIBUTOR, `IROUTER:${8 * intid}`), cpu, 8);
}

/** Group, priority, trigger, target, then on or off: as drivers do, the enable last. */
async function setUp(s: Session, op: Op): Promise<undefined> {
  const intid = num(op, 'intid');
  const base = banked(s, op);
  const group = bitOf(base, 'IGROUPR', intid);
  await modify(s, group.address, group.bit, num(op, 'group', 1) === 1 ? group.bit : 0);
  await store(s.qemu, base + offsetOf(DISTRIBUTOR, `IPRIORITYR:${intid}`), num(op, 'prio', PRIORITY), 1);
  const edge = (2 << (2 * (intid & 15))) >>> 0;
  const trigger = base + offsetOf(DISTRIBUTOR, 'ICFGR') + 4 * (intid >> 4);
  await modify(s, trigger, edge, flag(op, 'edge', false) ? edge : 0);
  if (intid >= PRIVATE) await route(s, intid, num(op, 'target'));
  const enable = bitOf(base, flag(op, 'enable', true) ? 'ISENABLER' : 'ICENABLER', intid);
  return store(s.qemu, enable.address, enable.bit);
}

async function line({ qemu, gic }: Session, input: number, op: Op): Promise<undefined> {
  await qemu.qtest(`set_irq_in ${gic} unnamed-gpio-in ${input} ${num(op, 'level')}`);
  return undefined;
}

/** Operations of all three machines; `c` is for a GICv2. */
export const GIC_OPERATIONS: Readonly<Record<string, Run<Session>>> = {
  d: (s, op) => access(s.qemu, op, GICD + named(DISTRIBUTOR, op)),
  r: (s, op) => access(s.qemu, op, frame(op) + named(REDISTRIBUTOR[String(op['frame'] ?? 'r')], op)),
  c: (s, op) => access(s.qemu, op, GICC + named(CPU_INTERFACE, op)),
  spi: (s, op) => line(s, num(op, 'intid') - PRIVATE, op),
  ppi: (s, op) => line(s, SPI_LINES + PRIVATE * num(op, 'cpu') + num(op, 'intid'), op),
  irq_setup: setUp,
};
