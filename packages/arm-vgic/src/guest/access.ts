// Accesses of guest code, as the vCPU makes them: what traps is an exit, and the CPU interface is reached without KVM.

import type { Trace } from '@virq/irq-core/events';
import { instructionOf } from '../cpuif/instructions.ts';
import type { GuestBus, Target } from '../distributor/bus.ts';
import type { VgicRegisters } from '../distributor/registers.ts';
import type { Ram } from '../memory/ram.ts';
import type { GuestCpu } from '../run/cpus.ts';
import { EXIT } from '../run/exits.ts';
import type { RunLoop } from '../run/run-loop.ts';
import type { GuestAccess } from './access-types.ts';

/** What accesses reach. */
export interface AccessParts {
  readonly run: RunLoop;
  readonly bus: GuestBus;
  readonly cpus: GuestCpu;
  readonly registers: VgicRegisters;
  readonly ram: Ram;
  readonly trace: Trace;
}

/** Creates them. */
export function createGuestAccess({ run, bus, cpus, registers, ram, trace }: AccessParts): GuestAccess {
  /** Nobody in the kernel answers: the VMM is asked. */
  function toUserSpace(): void {
    if (trace.on) trace.emit('kvm_userspace_exit', { reason: 'KVM_EXIT_MMIO (6)' });
  }

  function reach<T>(cpu: number, target: Target, work: () => T): T {
    if (target.kind === 'memory') return work();
    if (target.kind === 'direct') return run.inside(cpu, work);
    return run.intercepted(cpu, EXIT.DABT_LOW, () => {
      if (target.kind === 'nobody') toUserSpace();
      return work();
    });
  }

  function load(cpu: number, address: number, size: number): bigint {
    const target = bus.at(address);
    return reach(cpu, target, () => target.load(cpu, size));
  }

  function store(cpu: number, address: number, size: number, value: bigint): void {
    const target = bus.at(address);
    return reach(cpu, target, () => target.store(cpu, size, value));
  }

  return {
    load: (cpu, address, size) => Number(load(cpu, address, size)),
    store: (cpu, address, size, value) => store(cpu, address, size, BigInt(value >>> 0)),
    load64: (cpu, address) => load(cpu, address, 8),
    store64: (cpu, address, value) => store(cpu, address, 8, value),
    mrs: (cpu, register) => cpus.execute(cpu, instructionOf(`mrs ${register}`), 0) >>> 0,
    msr: (cpu, register, value) => void cpus.execute(cpu, instructionOf(`msr ${register}`), value),
    sendSgi(cpu, register, value) {
      const words = { lo: Number(value & 0xffffffffn), hi: Number(value >> 32n) };
      run.intercepted(cpu, EXIT.SYS64, () => registers.sendSgi(cpu, register, words));
    },
    loadByte: (address) => ram.loadByte(address),
    storeByte: (address, value) => void ram.storeByte(address, value),
    storeWord: (address, value) => void ram.store(address, value),
  };
}
