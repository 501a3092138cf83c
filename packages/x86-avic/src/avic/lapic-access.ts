// A guest in guest mode touches its local APIC while AVIC is active: completed by hardware, or one of AVIC's two exits. AMD APM vol. 2 15.29; Linux: svm/avic.c.

import { DFR_FLAT } from '../apic-map.ts';
import { type Delivery, lapicIrq } from '../destination.ts';
import { EXIT, type GuestMode } from '../guest-mode.ts';
import { loadIcr } from '../ipi.ts';
import { highestInService, isX2apic, type Lapics } from '../lapic.ts';
import { apicName } from '../lapic-names.ts';
import type { LapicRegs } from '../lapic-regs.ts';
import { accessTo } from './access.ts';
import type { Avic } from './avic.ts';
import { kickTargets, REMEDY, sendByHardware } from './ipi.ts';
import { updateLogical } from './logical.ts';
import { APICV } from './tables.ts';

/** Registers of an accelerated LAPIC, by offset. On VMX: posted/lapic-access.ts. */
export interface AvicAccess {
  /** True if hardware or one of AVIC's exits takes the vCPU's accesses: AVIC is active, the guest runs, and the access is of the kind that it watches. */
  takes(vcpu: number, how: 'mmio' | 'msr', offset: number, write: boolean): boolean;
  read(vcpu: number, offset: number): number;
  /** `high` is the upper half of a 64-bit MSR. Returns 0 or what the register's write returns. */
  write(vcpu: number, offset: number, value: number, high: number): number;
}

/** What it works on. */
export interface AvicAccessParts {
  readonly avic: Avic;
  readonly lapics: Lapics;
  regs(): LapicRegs;
  readonly delivery: Delivery;
  readonly mode: GuestMode;
  /** Serves the vCPU's requests before it enters again. */
  serve(vcpu: number): void;
}

const EOI = 0xb0;
const ICR = 0x300;
const ICR2 = 0x310;
const SELF_IPI = 0x3f0;

/** Creates it. */
export function createAvicAccess(parts: AvicAccessParts): AvicAccess {
  const { avic, lapics, delivery, mode } = parts;
  const irq = lapicIrq();

  /** Exit 0x402, then what KVM does, then entry. */
  function unaccelerated<T>(
    vcpu: number,
    at: { offset: number; write: boolean; trap: boolean; vec: number },
    emulate: () => T,
  ): T {
    const { offset, write, trap, vec } = at;
    mode.exit(vcpu, EXIT.AVIC_NOACCEL, { info1: (BigInt(write) << 32n) | BigInt(offset), info2: BigInt(vec) });
    if (avic.trace.on)
      avic.trace.emit('kvm_avic_unaccelerated_access', { vcpu, offset, register: apicName(offset), trap, write, vec });
    parts.serve(vcpu);
    const result = emulate();
    parts.serve(vcpu);
    mode.enter(vcpu);
    return result;
  }

  const trapped = (vcpu: number, offset: number, value: number, vec = 0): number =>
    unaccelerated(vcpu, { offset, write: true, trap: true, vec }, () => {
      const result = parts.regs().write(vcpu, offset, value);
      updateLogical(avic, lapics, vcpu);
      return result;
    });

  /** Edge: hardware clears the bit and nobody is told. Level: KVM must tell the IOAPIC. */
  function endOfInterrupt(vcpu: number): number {
    const a = lapics.at(vcpu);
    const vector = highestInService(a);
    if (vector < 0) return 0;
    if (a.tmr.has(vector)) return trapped(vcpu, EOI, 0, vector);
    a.isr.delete(vector);
    a.isrCount--;
    a.isrCache = 0;
    lapics.updatePpr(vcpu);
    return 0;
  }

  function incomplete(
    vcpu: number,
    low: number,
    high: number,
    { failure, index }: { failure: number; index: number },
  ): void {
    const info1 = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
    mode.exit(vcpu, EXIT.AVIC_INCOMPLETE_IPI, { info1, info2: (BigInt(failure) << 32n) | BigInt(index) });
    if (avic.trace.on) avic.trace.emit('kvm_avic_incomplete_ipi', { vcpu, icrh: high, icrl: low, id: failure, index });
    const remedy = REMEDY[failure];
    const dest = isX2apic(lapics.at(vcpu)) ? high : high >>> 24;
    if (remedy === 'emulate') parts.regs().sendIpi(vcpu, low, dest);
    else if (remedy === 'kick') kickTargets(avic, delivery, irq, { low, high, index });
    parts.serve(vcpu);
    mode.enter(vcpu);
  }

  function writeIcr(vcpu: number, low: number, high: number): number {
    const a = lapics.at(vcpu);
    const x2 = isX2apic(a);
    a.icr = (low & ~(1 << 12)) >>> 0;
    if (x2) a.icr2 = high;
    const dest = x2 ? a.icr2 : a.icr2 >>> 24;
    loadIcr(irq, vcpu, low, dest);
    const outcome = sendByHardware(avic, irq, x2 ? 'x2apic' : a.dfr === DFR_FLAT ? 'flat' : 'cluster');
    if (outcome.failure >= 0) incomplete(vcpu, a.icr, a.icr2, outcome);
    return 0;
  }

  /** Writes that hardware completes. */
  const COMPLETED: Readonly<Record<number, (vcpu: number, value: number, high: number) => number>> = {
    [EOI]: endOfInterrupt,
    [ICR]: writeIcr,
    [ICR2]: (vcpu, value) => {
      lapics.at(vcpu).icr2 = (value & 0xff000000) >>> 0;
      return 0;
    },
    [SELF_IPI]: (vcpu, value) => {
      avic.setIrr(vcpu, value & 0xff);
      return 0;
    },
  };

  return {
    takes: (vcpu, how) => avic.isActive(vcpu) && mode.isIn(vcpu) && (how === 'mmio' || avic.mode === APICV.X2AVIC),
    read(vcpu, offset) {
      if (accessTo(offset).read === 'accelerated') return parts.regs().peek(vcpu, offset);
      return unaccelerated(vcpu, { offset, write: false, trap: false, vec: 0 }, () => parts.regs().read(vcpu, offset));
    },
    write(vcpu, offset, value, high) {
      const how = accessTo(offset).write;
      if (how === 'trap') return trapped(vcpu, offset, value);
      if (how === 'fault')
        return unaccelerated(vcpu, { offset, write: true, trap: false, vec: 0 }, () =>
          parts.regs().write(vcpu, offset, value),
        );
      const completed = COMPLETED[offset];
      if (completed !== undefined) return completed(vcpu, value, high);
      lapics.at(vcpu).tpr = value & 0xff;
      lapics.updatePpr(vcpu);
      return 0;
    },
  };
}
