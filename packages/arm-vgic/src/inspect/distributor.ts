// Distributor, redistributors and ap_lists.

import type { ArmChip } from '../chip.ts';
import { isPending } from '../irq/state.ts';
import type { ArmState } from '../layout.ts';
import { address, affinity, letters, names } from './text.ts';

const where = (is: number, hi: number, lo: number): string => (is === 0 ? '' : ` ${address(hi, lo)}`);

/** What the distributor is, and whether it forwards anything. */
export function distributorLines({ state, options }: ArmChip): string[] {
  const { dist } = state;
  if (dist.model === 0) return [];
  const life =
    dist.dead === 1 ? 'dead' : dist.initialized === 1 ? (dist.enabled === 1 ? 'on' : 'off') : 'not initialised';
  const flags = names([
    [dist.hasIts, 'LPIS'],
    [dist.nassgireq, 'nASSGIreq'],
    [dist.groupsWritable, 'groups-writable'],
  ]);
  const cpuBase = dist.hasCpuBase === 0 ? '' : ` CPU interface${where(1, dist.cpuBaseHi, dist.cpuBaseLo)}`;
  const spis = dist.nrSpis === 0 ? 'number of SPIs not set' : `${dist.nrSpis} SPIs`;
  return [
    `GICv${dist.model} on a GICv${options.host}${where(dist.hasDistBase, dist.distBaseHi, dist.distBaseLo)}${cpuBase} revision ${dist.revision} ${life} ${spis} ${flags}`,
  ];
}

/** Regions that user space has given; `of` is how many redistributors fit. */
const regionLines = ({ dist, regions }: ArmState): string[] =>
  Array.from({ length: dist.regions }, (_, i) => {
    const r = regions.at(i);
    return `region ${r.index} ${address(r.baseHi, r.baseLo)} ${r.used} of ${r.count === 0 ? 'any number' : r.count}`;
  });

/** The redistributors of a GICv3, one per vCPU; PROPBASER is one for all. */
export function redistributorLines({ state }: ArmChip): string[] {
  const { dist, redists } = state;
  if (dist.model !== 3) return [];
  const lines = Array.from({ length: state.dist.online }, (_, vcpu) => {
    const r = redists.at(vcpu);
    const lpis = dist.hasIts === 0 ? '' : ` LPIs ${r.lpis === 1 ? 'on' : 'off'}${r.rwp === 1 ? ' RWP' : ''}`;
    const table =
      dist.hasIts === 0 ? '' : ` pending ${address(r.pendbaserHi & 0xfffff, (r.pendbaserLo & 0xffff0000) >>> 0)}`;
    return `vCPU ${vcpu} id ${r.id} affinity ${affinity(r.mpidr)}${where(r.hasBase, r.baseHi, r.baseLo)}${lpis}${table}`;
  });
  if (dist.hasIts === 0) return [...regionLines(state), ...lines];
  const config = address(dist.propbaserHi & 0xfffff, (dist.propbaserLo & 0xfffff000) >>> 0);
  return [`LPI configuration ${config} ${(dist.propbaserLo & 0x1f) + 1} INTID bits`, ...regionLines(state), ...lines];
}

/** What is in flight for each vCPU, in the order of its list. */
export function listLines({ lists, state }: ArmChip): string[] {
  const lines: string[] = [];
  for (let vcpu = 0; vcpu < state.dist.online; vcpu++) {
    const on: string[] = [];
    for (let at = lists.apLists.at(vcpu).first; at !== 0; at = lists.irqs.at(at - 1).next) {
      const i = lists.irqs.at(at - 1);
      const state = letters([
        [isPending(i), 'P'],
        [i.active, 'A'],
      ]);
      on.push(`${i.intid} ${state}${i.onLr === 1 ? ' in an LR' : ''}`);
    }
    if (on.length > 0) lines.push(`vCPU ${vcpu}: ${on.join(', ')}`);
  }
  return lines;
}
