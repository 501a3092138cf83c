// LPIs: pending is a bit in guest memory, configured a byte there; the redistributor keeps only the best one that it knows of. QEMU 7.2: hw/intc/arm_gicv3_redist.c.

import { INTID } from '../../irq/layout.ts';
import type { Cpu } from '../layout.ts';
import type { Virt } from '../machine.ts';
import { isBetter, NOTHING, privateChanged } from './best.ts';

/** Bits of an INTID, at most, less one: GICD_TYPER.IDbits. */
const ID_BITS = 15;
const ENABLED = 1;
const PRIORITY = 0xfc;

const address = (hi: number, lo: number): number => (hi & 0xfffff) * 2 ** 32 + lo;
/** GICR_PROPBASER[51:12]. */
const propertiesAt = ({ propbaserHi, propbaserLo }: Cpu): number => address(propbaserHi, (propbaserLo & ~0xfff) >>> 0);
/** GICR_PENDBASER[51:16]. */
const pendingAt = ({ pendbaserHi, pendbaserLo }: Cpu): number => address(pendbaserHi, (pendbaserLo & ~0xffff) >>> 0);

/** INTIDs that a redistributor has tables for. */
const limitOf = ({ propbaserLo }: Cpu): number => 2 ** (Math.min(propbaserLo & 31, ID_BITS) + 1);

/** Takes note of a pending LPI if it is enabled and better than the one that is known. */
function consider({ ram }: Virt, cpu: Cpu, intid: number): void {
  const byte = ram.loadByte(propertiesAt(cpu) + intid - INTID.LPI);
  if (byte < 0 || (byte & ENABLED) === 0 || !isBetter(cpu.lpi, intid, byte & PRIORITY)) return;
  cpu.lpi.intid = intid;
  cpu.lpi.priority = byte & PRIORITY;
  cpu.lpi.group = 1;
}

/** gicv3_redist_update_lpi: looks for the best LPI in the whole table. */
export function rescan(m: Virt, n: number): void {
  const cpu = m.state.cpus.at(n);
  if (cpu.lpis === 1) {
    cpu.lpi.priority = NOTHING;
    const table = pendingAt(cpu);
    for (let first = INTID.LPI; first < limitOf(cpu); first += 32) {
      const word = Math.max(0, m.ram.load(table + first / 8));
      for (let bits = word; bits !== 0; bits &= bits - 1) consider(m, cpu, first + 31 - Math.clz32(bits & -bits));
    }
  }
  privateChanged(m, n);
}

/** Changes a bit of a pending table; false if it was so. */
function mark({ ram }: Virt, cpu: Cpu, { intid, level }: { intid: number; level: number }): boolean {
  const at = pendingAt(cpu) + (intid >> 3);
  const byte = Math.max(0, ram.loadByte(at));
  const bit = 1 << (intid & 7);
  if (((byte & bit) !== 0) === (level === 1)) return false;
  ram.storeByte(at, byte ^ bit);
  return true;
}

/** gicv3_redist_lpi_pending. */
export function setLpiPending(m: Virt, n: number, lpi: { intid: number; level: number }): void {
  const cpu = m.state.cpus.at(n);
  if (!mark(m, cpu, lpi)) return;
  if (lpi.level === 1) {
    consider(m, cpu, lpi.intid);
    privateChanged(m, n);
  } else if (lpi.intid === cpu.lpi.intid) rescan(m, n);
}

/** What an event of the ITS does; nothing while LPIs are off there, or beyond the tables. */
export function processLpi(m: Virt, n: number, lpi: { intid: number; level: number }): void {
  const cpu = m.state.cpus.at(n);
  if (cpu.lpis === 1 && lpi.intid >= INTID.LPI && lpi.intid < limitOf(cpu)) setLpiPending(m, n, lpi);
}

const bothOn = (from: Cpu, to: Cpu): boolean => from.lpis === 1 && to.lpis === 1;

/** MOVI: a pending LPI goes along. */
export function moveLpi(m: Virt, intid: number, { from, to }: { from: number; to: number }): void {
  const source = m.state.cpus.at(from);
  if (!bothOn(source, m.state.cpus.at(to)) || !mark(m, source, { intid, level: 0 })) return;
  if (intid === source.lpi.intid) rescan(m, from);
  setLpiPending(m, to, { intid, level: 1 });
}

/** MOVALL: everything that is pending. */
export function moveAllLpis(m: Virt, from: number, to: number): void {
  const [source, target] = [m.state.cpus.at(from), m.state.cpus.at(to)];
  if (!bothOn(source, target)) return;
  const end = Math.min(limitOf(source), limitOf(target));
  for (let first = INTID.LPI / 8; first < end / 8; first += 4) {
    const word = Math.max(0, m.ram.load(pendingAt(source) + first));
    if (word === 0) continue;
    const there = pendingAt(target) + first;
    m.ram.store(there, (Math.max(0, m.ram.load(there)) | word) >>> 0);
    m.ram.store(pendingAt(source) + first, 0);
  }
  rescan(m, from);
  rescan(m, to);
}
