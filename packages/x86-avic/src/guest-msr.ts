// MSRs of the interrupt controllers: IA32_APIC_BASE, the TSC deadline, x2APIC. Linux: arch/x86/kvm/x86.c.

import type { SetApicBase } from './apic-base.ts';
import type { Context } from './context.ts';
import { isHwEnabled, type Lapics } from './lapic.ts';
import { type LapicTimers, TIMER_MODE, timerMode } from './lapic-timer.ts';
import { IRQCHIP_MODE } from './layout.ts';
import type { X2apic } from './x2apic.ts';

/** IA32_APIC_BASE and IA32_TSC_DEADLINE. */
export const MSR = { APIC_BASE: 0x1b, TSC_DEADLINE: 0x6e0, X2APIC_FIRST: 0x800, X2APIC_LAST: 0x8ff } as const;

/** Reading and writing; `host` is KVM_GET_MSRS and KVM_SET_MSRS. */
export interface GuestMsrs {
  /** The value; -1n for #GP, null for an MSR of somebody else. */
  read(vcpu: number, msr: number): bigint | null;
  /** True done, false #GP, null an MSR of somebody else. */
  write(vcpu: number, msr: number, value: bigint, host: boolean): boolean | null;
}

/** What the MSRs reach. */
export interface GuestMsrParts {
  readonly lapics: Lapics;
  readonly x2apic: X2apic;
  readonly setBase: SetApicBase;
  readonly timers: LapicTimers;
}

const isX2apicMsr = (msr: number): boolean => msr >= MSR.X2APIC_FIRST && msr <= MSR.X2APIC_LAST;

/** Creates the MSR side. */
export function createGuestMsrs(ctx: Context, parts: GuestMsrParts): GuestMsrs {
  const { lapics, x2apic, setBase, timers } = parts;
  const hasLapic = (): boolean => ctx.state.mode !== IRQCHIP_MODE.NONE;

  function deadline(vcpu: number): bigint {
    const a = lapics.at(vcpu);
    return isHwEnabled(a) && timerMode(a) === TIMER_MODE.TSC_DEADLINE ? a.tscDeadline : 0n;
  }

  return {
    read(vcpu, msr) {
      if (msr === MSR.APIC_BASE) return lapics.at(vcpu).base;
      if (msr === MSR.TSC_DEADLINE) return deadline(vcpu);
      if (!isX2apicMsr(msr)) return null;
      return hasLapic() ? x2apic.readMsr(vcpu, msr) : -1n;
    },
    write(vcpu, msr, value, host) {
      if (msr === MSR.APIC_BASE) return setBase(vcpu, value, host);
      if (msr === MSR.TSC_DEADLINE) {
        if (isHwEnabled(lapics.at(vcpu))) timers.setDeadline(vcpu, value);
        return true;
      }
      if (!isX2apicMsr(msr)) return null;
      return hasLapic() && x2apic.writeMsr(vcpu, msr, value);
    },
  };
}
