// WFI: the vCPU sleeps until there is an interrupt to take. Linux: arch/arm64/kvm/arm.c kvm_vcpu_wfi, virt/kvm/kvm_main.c kvm_vcpu_block.

import { BLOCKED, type Combinators, type Outcome, protocolsOn } from '@virq/irq-core/protocol';
import { kvmVcpuEnter } from './enter.ts';
import { exitBecause } from './exit.ts';
import { EXIT } from './exits.ts';
import { RUN_LOCALS, type RunFrame } from './frame.ts';
import { vgicLoad, vgicPut } from './load.ts';
import { type VcpuMachine, vcpuOf, vcpusOf } from './world.ts';

const { protocol } = protocolsOn<VcpuMachine>();

/** The guest's state is saved before KVM looks whether there is something to wake for; a vPE then wants a doorbell. */
function putForWfi(m: VcpuMachine, f: RunFrame): void {
  vcpuOf(m, f).inWfi = 1;
  vgicPut(vcpusOf(m, f), f.vcpu);
}

function loadAgain(m: VcpuMachine, f: RunFrame): void {
  vcpuOf(m, f).inWfi = 0;
  vgicLoad(vcpusOf(m, f), f.vcpu);
}

/** kvm_arch_vcpu_runnable: an interrupt waits, and the VM is not stopped. */
const isRunnable = (m: VcpuMachine, f: RunFrame): boolean =>
  vcpusOf(m, f).isPending(f.vcpu) && vcpuOf(m, f).pause === 0;

/** The sleeper announces itself before it looks; it may sleep for ever. */
export const kvmVcpuWfi = protocol('kvm_vcpu_wfi', RUN_LOCALS, (p: Combinators<VcpuMachine, RunFrame>) => ({
  ...p.include('exit', exitBecause(() => EXIT.WFX) as never),
  putForWfi,
  announce: (m, f) => vcpusOf(m, f).vcpus.block(f.vcpu),
  look: (m, f): Outcome<'run'> => (isRunnable(m, f) ? 'run' : undefined),
  sleep: p.idle((m, f) => (vcpusOf(m, f).vcpus.isBlocking(f.vcpu) ? BLOCKED : ('announce' as const))),
  run: (m, f) => vcpusOf(m, f).vcpus.unblock(f.vcpu),
  loadAgain,
  ...p.include('enter', kvmVcpuEnter as never),
}));
