// The virtual CPU interface of QEMU's GICv3: how a guest at EL1 takes and ends what is in the list registers. QEMU 7.2: hw/intc/arm_gicv3_cpuif.c icv_iar_read, icv_eoir_write, icv_dir_write,
// gicv3_cpuif_virt_update.

import { intidOf } from '../../cpuif/acknowledge.ts';
import { MISR, misr } from '../../cpuif/maintenance.ts';
import { activatePriority, groupPriority, highestPending, IDLE, runningPriority } from '../../cpuif/priorities.ts';
import { INTID } from '../../irq/layout.ts';
import { LR_STATE } from '../../lr/format.ts';
import type { CpuInterface, Lr } from '../../lr/layout.ts';
import { setLine } from '../bank.ts';
import { LIST_REGISTERS, MAINTENANCE_PPI, type Virt } from '../machine.ts';
import { privateChanged } from './best.ts';
import { deactivatePhysical } from './interface.ts';

/** ICH_MISR_EL2. QEMU_7_2.group0OffAsksGroup1. */
export function maintenanceState(c: CpuInterface): number {
  const asked = c.hcr.group0Off === 1 && c.vmcr.enable1 === 0 ? MISR.GROUP0_OFF : 0;
  return (misr(c, LIST_REGISTERS) & ~MISR.GROUP0_OFF) | asked;
}

/** The maintenance interrupt is a PPI; every change of the interface comes here. */
export function virtualChanged(m: Virt, n: number): void {
  const cpu = m.state.cpus.at(n);
  const level = cpu.virtual.hcr.en === 1 && maintenanceState(cpu.virtual) !== 0 ? 1 : 0;
  if (setLine(cpu.bank, MAINTENANCE_PPI, level)) privateChanged(m, n);
}

/** The LR that would be signalled, -1 for none. Both priorities are cut to the bits that count. */
function signalled(c: CpuInterface): number {
  const n = highestPending(c);
  if (n < 0 || c.hcr.en === 0) return -1;
  const { priority, group } = c.lrs.at(n);
  if (priority >= c.vmcr.pmr) return -1;
  const running = runningPriority(c);
  const preempts = groupPriority(c.vmcr, group, priority) < groupPriority(c.vmcr, group, running);
  return running === IDLE || preempts ? n : -1;
}

/** ICV_HPPIR<group>. */
export function virtualHighest(c: CpuInterface, group: number): number {
  const n = highestPending(c);
  return intidOf(c, n >= 0 && c.lrs.at(n).group === group ? n : -1);
}

/** ICV_IAR<group>. An LR with a special INTID is emptied, and its number read. */
export function virtualAcknowledge(m: Virt, cpu: number, group: number): number {
  const c = m.state.cpus.at(cpu).virtual;
  const n = signalled(c);
  if (n < 0 || c.lrs.at(n).group !== group) return INTID.SPURIOUS;
  const lr = c.lrs.at(n);
  const special = lr.intid >= INTID.SPECIAL && lr.intid <= INTID.SPURIOUS;
  lr.state = special ? LR_STATE.INVALID : LR_STATE.ACTIVE;
  if (!special) activatePriority(c, group, lr.priority);
  virtualChanged(m, cpu);
  return lr.intid;
}

const lowest = (word: number): number => (word === 0 ? 32 : 31 - Math.clz32(word & -word));

/** Priority drop; of equal priorities group 0 goes first. The priority, {@link IDLE} for none. */
function drop(c: CpuInterface): number {
  const running = runningPriority(c);
  if (running === IDLE) return IDLE;
  const aps = lowest(c.ap0.get(0)) <= lowest(c.ap1.get(0)) ? c.ap0 : c.ap1;
  aps.set(0, (aps.get(0) & (aps.get(0) - 1)) >>> 0);
  return running;
}

function activeLr(c: CpuInterface, intid: number): Lr | undefined {
  for (let n = 0; n < LIST_REGISTERS; n++) {
    const lr = c.lrs.at(n);
    if ((lr.state & LR_STATE.ACTIVE) !== 0 && lr.intid === intid) return lr;
  }
  return undefined;
}

const countEoi = ({ hcr }: CpuInterface): void => {
  hcr.eoiCount = (hcr.eoiCount + 1) & 31;
};

function deactivateLr(m: Virt, cpu: number, lr: Lr): void {
  if (lr.hw === 1 && lr.pintid < INTID.SPECIAL) deactivatePhysical(m, cpu, lr.pintid);
  lr.state &= ~LR_STATE.ACTIVE;
}

/** ICV_EOIR<group>. Without an active priority nothing is looked for; LPIs in no LR are counted like others. */
export function virtualEnd(m: Virt, cpu: number, { group, value }: { group: number; value: number }): void {
  const intid = value & 0xffffff;
  const c = m.state.cpus.at(cpu).virtual;
  if (intid >= INTID.SPECIAL && intid <= INTID.SPURIOUS) return;
  const dropped = drop(c);
  if (dropped === IDLE) return;
  const lr = activeLr(c, intid);
  if (lr === undefined) countEoi(c);
  else if (lr.group === group && groupPriority(c.vmcr, group, lr.priority) === dropped && c.vmcr.eoiMode === 0)
    deactivateLr(m, cpu, lr);
  virtualChanged(m, cpu);
}

/** ICV_DIR: with EOImode 1 only, not for LPIs. */
export function virtualDeactivate(m: Virt, cpu: number, value: number): void {
  const intid = value & 0xffffff;
  const c = m.state.cpus.at(cpu).virtual;
  if (intid >= INTID.SPECIAL || c.vmcr.eoiMode === 0) return;
  const lr = activeLr(c, intid);
  if (lr === undefined) countEoi(c);
  else deactivateLr(m, cpu, lr);
  virtualChanged(m, cpu);
}
