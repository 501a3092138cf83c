// How kernels differ in the registers of distributor and redistributors, as data. Linux 6.1.192, 6.12.117, 6.18.35 and 7.3-rc7, vgic-mmio.c, vgic-mmio-v3.c.

import type { VgicVersion } from '../kernel.ts';

/** Differences that a guest or user space can see, or that only other CPUs can. */
export interface RegisterForm {
  /** Access to the active bits of a GICv3's private interrupts stops the VM even if they are the running vCPU's own. */
  readonly ownActiveStops: boolean;
  /** GICD_TYPER2.nASSGIcap can be set by user space before initialisation. */
  readonly typer2: 'fixed' | 'settable';
  /** Targets of an SGI are found by going through the vCPUs, or through the bits of TargetList. */
  readonly sgiOrder: 'vcpus' | 'bits';
  /** A broadcast SGI leaves out the vCPU whose index is the sender's id, or the sender. */
  readonly broadcastSkips: 'index of id' | 'sender';
  /** vcpu->arch.pause: whoever resumes first resumes, or the last one does. */
  readonly pause: 'flag' | 'count';
}

const NEWEST: RegisterForm = {
  ownActiveStops: false,
  typer2: 'settable',
  broadcastSkips: 'sender',
  sgiOrder: 'bits',
  pause: 'flag',
};

const V6_12: RegisterForm = { ...NEWEST, typer2: 'fixed', pause: 'count' };

/** By kernel. */
export const REGISTER_FORMS: Readonly<Record<VgicVersion, RegisterForm>> = {
  '6.1': { ownActiveStops: true, typer2: 'fixed', sgiOrder: 'vcpus', broadcastSkips: 'index of id', pause: 'flag' },
  '6.12': V6_12,
  '6.18': NEWEST,
  '6.19-rc': NEWEST,
  '7.3': NEWEST,
};
