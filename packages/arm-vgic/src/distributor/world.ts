// A VM as paths of the register room see it.

import type { ArmState } from '../layout.ts';
import type { VgicLists } from '../lists/world.ts';
import type { RegisterForm } from './forms.ts';
import type { GuestHalt } from './vm-stop.ts';

/** What of a VM the register paths work on. */
export interface RegisterVm {
  readonly lists: VgicLists;
  readonly state: Pick<ArmState, 'dist' | 'redists'>;
  readonly form: RegisterForm;
  readonly halt: GuestHalt;
}

/** A machine whose VMs have registers. */
export interface RegisterMachine {
  readonly vms: readonly { readonly chip: { readonly lists: VgicLists; readonly registers: RegisterVm } }[];
}

/** The VM that a frame is about. */
export const registersOf = (m: RegisterMachine, f: { vm: number }): RegisterVm =>
  (m.vms[f.vm] as RegisterMachine['vms'][number]).chip.registers;
