// A guest in guest mode touches its local APIC while APICv on VMX is active: completed by the CPU, or an exit. Intel SDM vol. 3 30.4, 30.5; Linux: vmx.c handle_apic_write, handle_apic_eoi_induced.

import type { AvicAccess } from '../avic/lapic-access.ts';
import { SHORTHAND } from '../destination.ts';
import { EXIT, type GuestMode } from '../guest-mode.ts';
import { isX2apic, type Lapics } from '../lapic.ts';
import { answersMmio, type LapicRegs } from '../lapic-regs.ts';
import { accessTo } from './access.ts';
import { type VirtualApic, virtualizeEoi, virtualizeSelfIpi, virtualizeTpr } from './virtual-apic.ts';
import type { Vmx } from './vmx.ts';

/** What it works on. */
export interface VmxAccessParts {
  readonly vmx: Vmx;
  readonly lapics: Lapics;
  regs(): LapicRegs;
  readonly mode: GuestMode;
  /** Serves the vCPU's requests before it enters again. */
  serve(vcpu: number): void;
}

const [TPR, PPR, EOI, ICR, ICR2, SELF_IPI] = [0x80, 0xa0, 0xb0, 0x300, 0x310, 0x3f0];

/** ICR writes that the CPU turns into a self-IPI: shorthand self, fixed, edge, idle, a legal vector, nothing reserved. Abstraction: no IPI virtualization. */
const isSelfIpi = (low: number): boolean =>
  ((low >>> 18) & 3) === SHORTHAND.SELF && (low & 0xfff3b700) === 0 && (low & 0xf0) !== 0;

/** Creates it. */
export function createVmxAccess({ vmx, lapics, regs, mode, serve }: VmxAccessParts): AvicAccess {
  const virtualApic = (vcpu: number): VirtualApic => ({ page: lapics.at(vcpu), status: vmx.at(vcpu) });
  const kind = (vcpu: number): 'mmio' | 'msr' => (isX2apic(lapics.at(vcpu)) ? 'msr' : 'mmio');

  /** An exit, what KVM does, and entry. */
  function exiting<T>(
    vcpu: number,
    reason: (typeof EXIT)[keyof typeof EXIT],
    qualification: number,
    emulate: () => T,
  ): T {
    mode.exit(vcpu, reason, { info1: BigInt(qualification), info2: 0n });
    serve(vcpu);
    const result = emulate();
    serve(vcpu);
    mode.enter(vcpu);
    return result;
  }

  /** The page has the value already; KVM does the rest (kvm_apic_write_nodecode). */
  const written = (vcpu: number, offset: number, value: number): number =>
    exiting(vcpu, EXIT.APIC_WRITE, offset, () => regs().write(vcpu, offset, value));

  function selfIpi(vcpu: number, vector: number): number {
    virtualizeSelfIpi(virtualApic(vcpu), vector);
    return 0;
  }

  /** Writes that the CPU emulates. */
  const EMULATED: Readonly<Record<number, (vcpu: number, value: number) => number>> = {
    [TPR]: (vcpu, value) => {
      virtualizeTpr(virtualApic(vcpu), value);
      return 0;
    },
    [EOI]: (vcpu) => {
      const vector = virtualizeEoi(virtualApic(vcpu));
      if (!lapics.at(vcpu).eoiVectors.has(vector)) return 0;
      return exiting(vcpu, EXIT.EOI_INDUCED, vector, () => lapics.eoiAccelerated(vcpu, vector));
    },
    [ICR]: (vcpu, value) => {
      if (!isSelfIpi(value)) return written(vcpu, ICR, value);
      lapics.at(vcpu).icr = value;
      return selfIpi(vcpu, value & 0xff);
    },
    [ICR2]: (vcpu, value) => {
      lapics.at(vcpu).icr2 = (value & 0xff000000) >>> 0;
      return 0;
    },
    [SELF_IPI]: (vcpu, value) => ((value & 0xf0) === 0 ? written(vcpu, SELF_IPI, value) : selfIpi(vcpu, value & 0xff)),
  };

  return {
    takes(vcpu, how, offset, write) {
      if (!vmx.isActive(vcpu) || !mode.isIn(vcpu)) return false;
      if (how === 'mmio') return answersMmio(lapics.at(vcpu));
      return accessTo('msr', offset)[write ? 'write' : 'read'] !== 'before';
    },
    read(vcpu, offset) {
      if (accessTo(kind(vcpu), offset).read === 'before')
        return exiting(vcpu, EXIT.APIC_ACCESS, offset, () => regs().read(vcpu, offset));
      return offset === PPR ? lapics.at(vcpu).ppr : regs().peek(vcpu, offset);
    },
    write(vcpu, offset, value) {
      const how = accessTo(kind(vcpu), offset).write;
      if (how === 'emulated') return (EMULATED[offset] as (typeof EMULATED)[number])(vcpu, value);
      if (how === 'after') return written(vcpu, offset, value);
      return exiting(vcpu, EXIT.APIC_ACCESS, (1 << 12) | offset, () => regs().write(vcpu, offset, value));
    },
  };
}
