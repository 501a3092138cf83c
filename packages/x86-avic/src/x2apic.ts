// The x2APIC MSRs 0x800–0x8ff: register at offset 16 × (MSR − 0x800), the ICR as one 64-bit register. Intel SDM vol. 3 11.12.1; Linux: lapic.c.

import type { Context } from './context.ts';
import type { SendIpi } from './ipi.ts';
import { isX2apic, type Lapics } from './lapic.ts';
import type { LapicRegs } from './lapic-regs.ts';

const ICR = 0x300;
const ICR_BUSY = 1 << 12;
/** Bits 31:20, 17:16 and 13. */
const ICR_RESERVED = 0xfff32000;
const SELF_IPI = 0x3f0;

/** The MSR side of one VM's LAPICs. */
export interface X2apic {
  /** 64 bits; -1n for #GP. */
  readMsr(vcpu: number, msr: number): bigint;
  /** False for #GP. */
  writeMsr(vcpu: number, msr: number, value: bigint): boolean;
}

/** Creates the MSR side over the registers. */
export function createX2apic(ctx: Context, lapics: Lapics, regs: LapicRegs, sendIpi: SendIpi): X2apic {
  const { profile, trace } = ctx;

  /** kvm_x2apic_icr_write: the IPI leaves before the register changes. */
  function writeIcr(vcpu: number, low: number, dest: number): boolean {
    if (profile.x2apicIcrReservedFault && (low & ICR_RESERVED) !== 0) return false;
    const a = lapics.at(vcpu);
    const kept = (low & ~ICR_BUSY) >>> 0;
    sendIpi(vcpu, kept, dest);
    a.icr = kept;
    a.icrHigh = dest;
    if (trace.on) {
      const value = ((BigInt(dest) << 32n) | BigInt(kept)).toString(16);
      trace.emit('kvm_apic', { write: 1, register: 'ICR', value });
    }
    return true;
  }

  return {
    readMsr(vcpu, msr) {
      const a = lapics.at(vcpu);
      if (!isX2apic(a)) return -1n;
      const offset = (msr - 0x800) << 4;
      if (offset === ICR) return (BigInt(a.icrHigh) << 32n) | BigInt(a.icr);
      const low = regs.read(vcpu, offset);
      return low < 0 ? -1n : BigInt(low >>> 0);
    },
    writeMsr(vcpu, msr, value) {
      if (!isX2apic(lapics.at(vcpu))) return false;
      const offset = (msr - 0x800) << 4;
      const low = Number(value & 0xffffffffn);
      if (offset === ICR) return writeIcr(vcpu, low, Number(value >> 32n));
      if (profile.x2apicHighBitsFault && (value >> 32n !== 0n || (offset === SELF_IPI && low > 0xff))) return false;
      return regs.write(vcpu, offset, low) === 0;
    },
  };
}
