// A machine as the protocols of KVM on POWER see it.

import type { KvmParts } from '@virq/irq-core/kvm';
import type { PowerHost } from '../host/power-host.ts';
import type { Context } from '../kvm/context.ts';
import type { IrqState } from '../kvm/layout.ts';
import type { Mappings } from '../kvm/mappings.ts';
import type { KvmSources } from '../kvm/sources.ts';

/** KVM's half of one VM, as far as kernel paths reach it. */
export interface KvmRoom {
  readonly context: Context;
  readonly sources: KvmSources;
  readonly mappings: Mappings;
}

/** VMs with their generic halves and chips, and the host below them. */
export interface PowerMachine {
  readonly kvms: readonly KvmParts[];
  readonly vms: readonly { readonly chip: KvmRoom }[];
  readonly parts: { readonly power: PowerHost };
}

/** The room of the VM that a frame is about. */
export const roomOf = (m: PowerMachine, f: { readonly vm: number }): KvmRoom =>
  (m.vms[f.vm] as PowerMachine['vms'][number]).chip;

/** The source with the guest's number of a frame; only where its block is known to exist. */
export const sourceOf = (m: PowerMachine, f: { readonly vm: number; readonly gsi: number }): IrqState =>
  roomOf(m, f).sources.find(f.gsi) as IrqState;
