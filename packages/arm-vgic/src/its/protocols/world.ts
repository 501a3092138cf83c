// A machine as the paths of ITSs and LPIs see it.

import type { IrqsState } from '../../irq/layout.ts';
import type { VgicLists } from '../../lists/world.ts';
import type { IrqTable } from '../../vgic/irqs.ts';
import type { ItsParts } from '../../vgic/itss.ts';
import type { ItsContext } from '../context.ts';
import type { Its } from '../its.ts';
import type { ItsPolicy } from '../policy.ts';

/** What of a VM they work on. */
export interface ItsVm {
  readonly lists: VgicLists;
  readonly irqs: Pick<IrqTable, 'ofLpi'>;
  readonly its: ItsParts;
  readonly state: { readonly irqs: Pick<IrqsState, 'lpiLock'> };
  readonly context: { readonly profile: { readonly its: ItsPolicy } };
}

/** A machine whose VMs have ITSs. */
export interface ItsMachine {
  readonly vms: readonly { readonly chip: ItsVm }[];
}

/** The VM that a frame is about. */
export const vmOf = (m: ItsMachine, f: { vm: number }): ItsVm => (m.vms[f.vm] as ItsMachine['vms'][number]).chip;
/** Its LPIs. */
export const lpisOf = (m: ItsMachine, f: { vm: number }) => vmOf(m, f).its.lpis;
export const policyOf = (m: ItsMachine, f: { vm: number }): ItsPolicy => vmOf(m, f).context.profile.its;
/** The lock of the table of LPIs. */
export const lpiLockOf = (m: ItsMachine, f: { vm: number }) => vmOf(m, f).state.irqs.lpiLock;
/** The ITS that a frame is about, by its number. */
export const itsOf = (m: ItsMachine, f: { vm: number; its: number }): ItsContext =>
  (vmOf(m, f).its.all[f.its] as Its).context;
