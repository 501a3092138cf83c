// The CPU interface of QEMU's GICv3: interrupts are taken and ended by system registers. QEMU 7.2: hw/intc/arm_gicv3_cpuif.c icc_iar1_read, icc_eoir_write, icc_dir_write, icc_generate_sgi.

import { INTID } from '../../irq/layout.ts';
import { put, test } from '../bank.ts';
import type { Cpu } from '../layout.ts';
import { IRQS, PRIVATE, type Virt } from '../machine.ts';
import { NOTHING, privateChanged, spisChanged } from './best.ts';
import { setLpiPending } from './lpis.ts';
import { canPreempt, groupMask, PRIORITY_BITS, signal } from './signal.ts';

const isSpecial = (intid: number): boolean => intid >= INTID.SPECIAL && intid <= INTID.SPURIOUS;

/** ICC_HPPIR<group>: what is held, if it is of the group; neither mask nor enables count. */
export function highestPending({ best }: Cpu, group: number): number {
  return best.priority === NOTHING || best.group !== group ? INTID.SPURIOUS : best.intid;
}

/** From pending to active. LPIs have no active state. */
function activate(m: Virt, n: number, intid: number): void {
  const cpu = m.state.cpus.at(n);
  const { best } = cpu;
  const level = (best.priority & groupMask(cpu, best.group)) >> (8 - PRIORITY_BITS);
  if (best.group === 0) cpu.ap0 = (cpu.ap0 | (1 << level)) >>> 0;
  else cpu.ap1 = (cpu.ap1 | (1 << level)) >>> 0;
  if (intid >= INTID.LPI) {
    setLpiPending(m, n, { intid, level: 0 });
    return;
  }
  const bank = intid < PRIVATE ? cpu.bank : m.state.bank;
  put(bank, 'active', intid, true);
  put(bank, 'pending', intid, false);
  if (intid < PRIVATE) privateChanged(m, n);
  else spisChanged(m, intid, 1);
}

/** ICC_IAR<group>_EL1. */
export function acknowledge(m: Virt, n: number, group: number): number {
  const cpu = m.state.cpus.at(n);
  const intid = canPreempt(cpu) ? highestPending(cpu, group) : INTID.SPURIOUS;
  if (!isSpecial(intid)) activate(m, n, intid);
  return intid;
}

/** The group of the highest active priority, group 0 of equals; -1 while nothing is active. */
function activeGroup({ ap0, ap1 }: Cpu): number {
  if ((ap0 | ap1) === 0) return -1;
  const lowest = (word: number): number => (word === 0 ? 32 : 31 - Math.clz32(word & -word));
  return lowest(ap1) < lowest(ap0) ? 1 : 0;
}

/** Physical deactivation. QEMU_7_2.lpiEoiDeactivatesNothing: an LPI gets here too. */
export function deactivatePhysical(m: Virt, n: number, intid: number): void {
  if (intid < PRIVATE) {
    put(m.state.cpus.at(n).bank, 'active', intid, false);
    privateChanged(m, n);
    return;
  }
  if (intid < IRQS) put(m.state.bank, 'active', intid, false);
  spisChanged(m, intid, 1);
}

/** ICC_EOIR<group>_EL1: the highest active priority of the group drops, whatever the INTID; with EOImode 0 that one is deactivated. */
export function endOfInterrupt(m: Virt, n: number, { group, value }: { group: number; value: number }): void {
  const intid = value & 0xffffff;
  const cpu = m.state.cpus.at(n);
  if ((intid >= IRQS && intid < INTID.LPI) || activeGroup(cpu) !== group) return;
  if (group === 0) cpu.ap0 = (cpu.ap0 & (cpu.ap0 - 1)) >>> 0;
  else cpu.ap1 = (cpu.ap1 & (cpu.ap1 - 1)) >>> 0;
  signal(m, n);
  if (cpu.eoiMode === 0) deactivatePhysical(m, n, intid);
}

/** ICC_DIR_EL1: with EOImode 1 only. */
export function deactivate(m: Virt, n: number, value: number): void {
  const intid = value & 0xffffff;
  if (intid < IRQS && m.state.cpus.at(n).eoiMode === 1) deactivatePhysical(m, n, intid);
}

/** ICC_SGI<0|1>R_EL1. A CPU takes it if its own register says that the SGI is of that group. */
export function sendSgi(m: Virt, from: number, { group, value }: { group: number; value: bigint }): void {
  const field = (low: bigint, bits: number): number => Number(BigInt.asUintN(bits, value >> low));
  const [intid, list, toOthers] = [field(24n, 4), field(0n, 16), field(40n, 1) === 1];
  const elsewhere = field(48n, 8) !== 0 || field(32n, 8) !== 0 || field(16n, 8) !== 0;
  for (let n = 0; n < m.cpus; n++) {
    const asked = toOthers ? n !== from : !elsewhere && ((list >> n) & 1) === 1;
    const { bank } = m.state.cpus.at(n);
    if (!asked || (test(bank, 'group', intid) ? 1 : 0) !== group) continue;
    put(bank, 'pending', intid, true);
    privateChanged(m, n);
  }
}
