// IA32_APIC_BASE and the modes of a local APIC: disabled, xAPIC, x2APIC. Intel SDM vol. 3 11.12.5; Linux: lapic.c kvm_apic_set_base.

import { x2apicLdr } from './apic-map.ts';
import { APIC_BASE, type Lapics } from './lapic.ts';
import type { Lapic } from './layout.ts';

/** Bits 7:0 and 9 are reserved. Abstraction: physical addresses have 52 bits, so bits 63:52 are as well; the guest has x2APIC. */
const RESERVED = 0x2ff;
const RESERVED_HIGH = 0xfff00000;

const MODE = { DISABLED: 0, XAPIC: 1, INVALID: 2, X2APIC: 3 } as const;
const modeOf = (base: number): number =>
  ((base & APIC_BASE.ENABLE) !== 0 ? MODE.XAPIC : MODE.DISABLED) | ((base & APIC_BASE.X2APIC) !== 0 ? MODE.INVALID : 0);

/** Transitions that the processor refuses and user space may make, as from · to. */
const REFUSED: readonly (readonly [number, number])[] = [
  [MODE.X2APIC, MODE.XAPIC],
  [MODE.DISABLED, MODE.X2APIC],
];

/** First byte of the MMIO page, as far as it lies below 4 GiB. */
export const baseAddress = (a: Lapic): number => (a.baseLo & 0xfffff000) >>> 0;

/** What the ID and LDR registers become. Linux: leaving x2APIC for disabled keeps both as they are. */
function enterMode(a: Lapic, from: number, to: number): void {
  if (to === MODE.X2APIC) {
    a.id = a.vcpuId;
    a.ldr = x2apicLdr(a.vcpuId);
  } else if (to === MODE.XAPIC && from !== to) a.id = (a.vcpuId << 24) >>> 0;
}

/** Writes IA32_APIC_BASE: false is #GP. `host` is KVM_SET_MSRS, which may make every transition between valid modes. */
export type SetApicBase = (vcpu: number, value: bigint, host: boolean) => boolean;

/** Creates the MSR's write side. */
export function createApicBase(lapics: Lapics, mapChanged: () => void, moved: (vcpu: number) => void): SetApicBase {
  return (vcpu, value, host) => {
    const a = lapics.at(vcpu);
    if (a.base === value) return true;
    const low = Number(value & 0xffffffffn);
    const [from, to] = [modeOf(a.baseLo), modeOf(low)];
    if ((low & RESERVED) !== 0 || (Number(value >> 32n) & RESERVED_HIGH) !== 0 || to === MODE.INVALID) return false;
    if (!host && REFUSED.some(([f, t]) => f === from && t === to)) return false;
    a.base = value;
    if (from !== to) {
      enterMode(a, from, to);
      mapChanged();
    }
    moved(vcpu);
    return true;
  };
}
