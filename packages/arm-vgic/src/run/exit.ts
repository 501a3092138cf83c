// A vCPU leaves its guest: list registers go back, the list is pruned; and what follows, another entry or user space. Linux: arch/arm64/kvm/arm.c kvm_arch_vcpu_ioctl_run, vgic.c kvm_vgic_sync_hwstate.

import { type Combinators, protocolsOn } from '@virq/irq-core/protocol';
import { vgicFoldLrState } from '../lists/fold.ts';
import { vgicPruneApList } from '../lists/prune.ts';
import { kvmVcpuEnter } from './enter.ts';
import { EXIT, type Exit } from './exits.ts';
import { RUN_LOCALS, type RunFrame } from './frame.ts';
import { saveVmcr, vgicPut } from './load.ts';
import { type VcpuMachine, vcpuOf, vcpusOf } from './world.ts';

const { protocol } = protocolsOn<VcpuMachine>();

/** The CPU is in KVM again. */
function leaveGuest(m: VcpuMachine, f: RunFrame, why: Exit): void {
  const p = vcpusOf(m, f);
  const v = p.at(f.vcpu);
  v.inGuest = 0;
  v.inKvm = 1;
  p.vcpus.exitGuest(f.vcpu);
  p.left(f.vcpu, why);
  if (p.savesVmcr === 'exit') saveVmcr(p, f.vcpu);
}

/** vcpu_put: the ioctl returns. */
export function put(m: VcpuMachine, f: RunFrame): void {
  vgicPut(vcpusOf(m, f), f.vcpu);
  vcpuOf(m, f).inKvm = 0;
}

/** From the guest up to where the exit is handled; `why` by the frame of the path that it is a part of. */
export const exitBecause = <F extends RunFrame>(why: (f: F) => Exit) =>
  protocol('kvm_arch_vcpu_ioctl_run, exit', RUN_LOCALS, (p: Combinators<VcpuMachine, RunFrame>) => ({
    leaveGuest: (m, f) => leaveGuest(m, f, why(f as F)),
    ...p.include('fold', vgicFoldLrState as never),
    ...p.include('prune', vgicPruneApList as never),
  }));

/** An exit that the guest did not ask for. */
export const kvmVcpuExit = exitBecause(() => EXIT.IRQ);

/** An exit to user space. */
export const kvmVcpuReturn = protocol(
  'kvm_arch_vcpu_ioctl_run, return',
  RUN_LOCALS,
  (p: Combinators<VcpuMachine, RunFrame>) => ({
    ...p.include('exit', kvmVcpuExit as never),
    put,
  }),
);

/** An exit after which the guest goes on: a kick, a maintenance interrupt, an interrupt of the host. */
export const kvmVcpuReenter = protocol(
  'kvm_arch_vcpu_ioctl_run, exit and entry',
  RUN_LOCALS,
  (p: Combinators<VcpuMachine, RunFrame>) => ({
    ...p.include('exit', kvmVcpuExit as never),
    ...p.include('enter', kvmVcpuEnter as never),
  }),
);
