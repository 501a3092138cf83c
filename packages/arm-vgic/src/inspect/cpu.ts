// CPU interfaces as the guest has set them, what KVM asks of the hardware, and the list registers, word and fields.

import type { ArmChip } from '../chip.ts';
import { MISR, misr } from '../cpuif/maintenance.ts';
import { effectiveBpr1, IDLE, runningPriority } from '../cpuif/priorities.ts';
import { encodeV2, encodeV3, LR_STATE } from '../lr/format.ts';
import type { CpuInterface, Hcr, Lr, Vmcr } from '../lr/layout.ts';
import { hex, letters, names } from './text.ts';

const vmcrText = (v: Vmcr): string =>
  `PMR ${hex(v.pmr, 2)} BPR ${v.bpr0} ${effectiveBpr1(v)} ${names([
    [v.enable0, 'group0'],
    [v.enable1, 'group1'],
    [v.eoiMode, 'EOImode'],
    [v.cbpr, 'CBPR'],
    [v.ackCtl, 'AckCtl'],
  ])}`;

const hcrText = (h: Hcr): string =>
  names([
    [h.en, 'En'],
    [h.uie, 'UIE'],
    [h.lrenpie, 'LRENPIE'],
    [h.npie, 'NPIE'],
    [h.group0On, 'VGrp0EIE'],
    [h.group0Off, 'VGrp0DIE'],
    [h.group1On, 'VGrp1EIE'],
    [h.group1Off, 'VGrp1DIE'],
    [h.tdir, 'TDIR'],
    [h.sgiEoiCount, 'vSGIEOICount'],
  ]) + (h.eoiCount === 0 ? '' : ` EOIcount=${h.eoiCount}`);

/** MISR bits by the names of the manual. */
const MISR_NAMES: readonly (readonly [number, string])[] = [
  [MISR.EOI, 'EOI'],
  [MISR.U, 'U'],
  [MISR.LRENP, 'LRENP'],
  [MISR.NP, 'NP'],
  [MISR.GROUP0_ON, 'VGrp0E'],
  [MISR.GROUP0_OFF, 'VGrp0D'],
  [MISR.GROUP1_ON, 'VGrp1E'],
  [MISR.GROUP1_OFF, 'VGrp1D'],
];

function cpuLine(c: CpuInterface, vcpu: number, nrLr: number): string {
  const asked = misr(c, nrLr);
  const running = runningPriority(c);
  const handled = running === IDLE ? 'idle' : `running ${hex(running, 2)}`;
  return `vCPU ${vcpu} ${vmcrText(c.vmcr)} ${handled} | HCR ${hcrText(c.hcr)} | MISR ${names(MISR_NAMES.map(([bit, name]) => [asked & bit, name]))}`;
}

/** A CPU interface that neither guest nor KVM has touched. */
const isUntouched = ({ vmcr: v, hcr, used }: CpuInterface): boolean =>
  (v.pmr | v.enable0 | v.enable1 | v.bpr0 | v.bpr1 | v.eoiMode | v.cbpr | hcr.en | used) === 0;

/** CPU interfaces; those of vCPUs that never ran are left out. */
export function cpuLines({ state, options }: ArmChip): string[] {
  return Array.from({ length: state.dist.online }, (_, vcpu) => vcpu).flatMap((vcpu) => {
    const c = state.interfaces.at(vcpu);
    return isUntouched(c) ? [] : [cpuLine(c, vcpu, options.nrLr)];
  });
}

function wordOf(lr: Lr, host: 2 | 3): string {
  if (host === 2) return hex(encodeV2(lr), 8);
  const { lo, hi } = encodeV3(lr);
  return hex(hi, 8) + hex(lo, 8);
}

function lrText(lr: Lr): string {
  const state = letters([
    [lr.state & LR_STATE.PENDING, 'P'],
    [lr.state & LR_STATE.ACTIVE, 'A'],
  ]);
  const hw = lr.hw === 1 ? ` HW ${lr.pintid}` : '';
  const eoi = lr.eoi === 1 ? ' EOI' : '';
  const source = lr.source === 0 ? '' : ` from ${lr.source}`;
  return `${lr.intid} ${state} prio ${hex(lr.priority, 2)} group ${lr.group}${eoi}${hw}${source}`;
}

/** List registers in use. `last` marks that all are full: its interrupt is where a replay of EOIs starts. */
export function lrLines({ state, options }: ArmChip): string[] {
  return Array.from({ length: state.dist.online }, (_, vcpu) => vcpu).flatMap((vcpu) => {
    const c = state.interfaces.at(vcpu);
    return Array.from({ length: c.used }, (_, n) => {
      const isLast = n === c.used - 1 && c.last !== 0;
      return `vCPU ${vcpu} LR${n} ${wordOf(c.lrs.at(n), options.host)} ${lrText(c.lrs.at(n))}${isLast ? ' last' : ''}`;
    });
  });
}
