// A machine as the protocols of posted interrupts see it.

import type { Pcpus } from '../pcpu.ts';
import type { PostedHost } from '../posted/posted-host.ts';
import type { Vmx } from '../posted/vmx.ts';

/** VMs with APICv on VMX, and the CPUs below them. */
export interface PostedWorld {
  readonly vms: readonly { readonly chip: { readonly vmx: Vmx } }[];
  readonly parts: { readonly x86: { readonly pcpus: Pcpus; readonly posted: PostedHost } };
}

/** APICv of the VM that a frame is about. */
export const vmxOf = (m: PostedWorld, f: { vm: number }): Vmx => (m.vms[f.vm] as PostedWorld['vms'][number]).chip.vmx;
