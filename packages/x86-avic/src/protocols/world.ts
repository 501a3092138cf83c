// A machine as the x86 protocols see it.

import type { KvmParts } from '@virq/irq-core/kvm';
import type { Avic } from '../avic/avic.ts';
import type { Vmx } from '../posted/vmx.ts';
import type { X86Host } from '../x86-host.ts';

/** VMs with their generic halves and chips, and the host below them. */
export interface X86World {
  readonly kvms: readonly KvmParts[];
  readonly vms: readonly { readonly chip: { readonly avic: Avic; readonly vmx: Vmx } }[];
  readonly parts: { readonly x86: X86Host };
}

/** AVIC of the VM that a frame is about. */
export const avicOf = (m: X86World, f: { vm: number }): Avic => (m.vms[f.vm] as X86World['vms'][number]).chip.avic;
