// AVIC's hardware sends an IPI: the target's IRR first, then its IsRunning bit. AMD APM vol. 2 15.29.2; erratum 1235; Linux: svm/avic.c avic_kick_target_vcpus.

import { u1, u8, u16 } from '@virq/irq-core/arena';
import { protocolsOn } from '@virq/irq-core/protocol';
import { avicOf, type X86World } from './world.ts';

/**
 * A fixed IPI to one vCPU. A target that does not run makes the sender exit, and KVM wakes it. Processors with erratum 1235 may look at IsRunning before
 * the IRR bit can be seen. Abstraction: two steps of hardware; what else it does in between reaches nobody.
 */
export const avicSendIpi = protocolsOn<X86World>().protocol(
  'AVIC IPI, avic_incomplete_ipi_interception',
  { vm: u8, vcpu: u16, vector: u8, running: u1 },
  () => ({
    setIrr: (m, f) => avicOf(m, f).setIrr(f.vcpu, f.vector),
    readIsRunning(m, f) {
      f.running = avicOf(m, f).tableEntry(f.vcpu)?.isRunning ?? 0;
    },
    doorbellOrExit(m, f) {
      const a = avicOf(m, f);
      if (f.running === 1) a.host.ringDoorbell(a.tableEntry(f.vcpu)?.hostId ?? 0);
      else a.ring(f.vcpu);
    },
  }),
);
