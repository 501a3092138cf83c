// A halted vCPU goes to sleep without missing an interrupt. Linux: virt/kvm/kvm_main.c kvm_vcpu_block, kvm_vcpu_check_block.

import { u8, u16 } from '../arena/index.ts';
import { BLOCKED, protocolsOn } from '../protocol/index.ts';
import { REQ } from './vcpus.ts';
import type { KvmParts, KvmWorld } from './world.ts';

const { protocol } = protocolsOn<KvmWorld>();

/** kvm_vcpu_check_block: something to do, or asked not to sleep. */
function mustStayAwake(k: KvmParts, vcpu: number): boolean {
  const { requests } = k.state.vcpus.at(vcpu);
  return ((requests >>> REQ.UNBLOCK) & 1) === 1 || (k.arch().vcpuRunnable?.(vcpu) ?? false);
}

/**
 * The sleeper announces itself before it looks: an interrupt that is posted after the look finds it announced and wakes it. The other
 * order loses the wake-up.
 */
export const kvmVcpuBlock = protocol('kvm_vcpu_block', { vm: u8, vcpu: u16 }, () => ({
  announce(m, f) {
    m.kvms[f.vm].state.vcpus.at(f.vcpu).blocking = 1;
  },
  look: (m, f) => (mustStayAwake(m.kvms[f.vm], f.vcpu) ? 'run' : undefined),
  sleep: (m, f) => (m.kvms[f.vm].state.vcpus.at(f.vcpu).blocking === 1 ? BLOCKED : 'announce'),
  run(m, f) {
    m.kvms[f.vm].state.vcpus.at(f.vcpu).blocking = 0;
  },
}));
