// A VM as the paths of its vCPUs see it. Linux: arch/arm64/kvm/arm.c.

import type { Columns } from '@virq/irq-core/arena';
import { VCPU_MODE, type Vcpus } from '@virq/irq-core/kvm';
import { ARM_REQ } from '../context.ts';
import type { RunVcpu } from '../layout.ts';
import type { VgicLists } from '../lists/world.ts';
import type { Vmcr } from '../lr/layout.ts';
import type { Plain } from '../plain/index.ts';
import type { Exit } from './exits.ts';
import type { Residency } from './residency.ts';

/** What the run loop works on. */
export interface VcpuParts {
  readonly vcpus: Vcpus;
  readonly residency: Residency;
  readonly savesVmcr: 'put' | 'exit';
  readonly plain: Plain | null;
  at(vcpu: number): RunVcpu;
  /** The same by fields, and VMCR. */
  readonly fields: Columns<(typeof RunVcpu)['fields']>;
  readonly vmcr: Columns<(typeof Vmcr)['fields']>;
  /** vcpu->requests, a bit each. */
  requests(vcpu: number): number;
  /** kvm_vgic_vcpu_pending_irq. */
  isPending(vcpu: number): boolean;
  /** One instruction of the guest; true if it traps and KVM has to do a DIR. */
  execute(vcpu: number, what: number, value: number): boolean;
  /** Tracepoints of entry and exit. */
  entered(vcpu: number): void;
  left(vcpu: number, why: Exit): void;
}

/** A machine whose vCPUs run. */
export interface VcpuMachine {
  readonly vms: readonly { readonly chip: { readonly lists: VgicLists; readonly vcpus: VcpuParts } }[];
}

/** The run loop that a frame is about. */
export const vcpusOf = (m: VcpuMachine, f: { vm: number }): VcpuParts => {
  const { vcpus } = (m.vms[f.vm] as VcpuMachine['vms'][number]).chip;
  return vcpus;
};

/** State of the vCPU that a frame is about. */
export const vcpuOf = (m: VcpuMachine, f: { vm: number; vcpu: number }): RunVcpu => vcpusOf(m, f).at(f.vcpu);

/** Its VGIC. */
export const listsOf = (m: VcpuMachine, f: { vm: number }): VgicLists => {
  const { lists } = (m.vms[f.vm] as VcpuMachine['vms'][number]).chip;
  return lists;
};

const { SLEEP, IRQ_PENDING, RELOAD_GICV4, VGIC_PROCESS_UPDATE } = ARM_REQ;
const ENTRY_REQUESTS = (1 << SLEEP) | (1 << IRQ_PENDING) | (1 << RELOAD_GICV4) | (1 << VGIC_PROCESS_UPDATE);

/** kvm_request_pending: something is to be done before the guest may be entered. */
export const hasRequests = (p: VcpuParts, vcpu: number): boolean => (p.requests(vcpu) & ENTRY_REQUESTS) !== 0;

/** A kick has reached the vCPU in the guest. */
export const isKicked = (m: VcpuMachine, f: { vm: number; vcpu: number }): boolean =>
  vcpusOf(m, f).vcpus.mode(f.vcpu) === VCPU_MODE.EXITING_GUEST_MODE;
