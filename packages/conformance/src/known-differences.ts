// @table
// Where the model and an implementation differ and both stay as they are: what, why, and where it is written down.

import { num } from './arguments.ts';
import type { Skip } from './compare/skips.ts';
import type { Op } from './oracle.ts';

const LAPIC_PAGE = 0xfee00000;
/** Registers that a load from the LAPIC page finds: offset → true. The bitmaps have eight words each. */
const READABLE = new Set([
  ...[0x20, 0x30, 0x80, 0x90, 0xa0, 0xd0, 0xe0, 0xf0, 0x280, 0x300, 0x310, 0x380, 0x390, 0x3e0],
  ...[0x320, 0x330, 0x340, 0x350, 0x360, 0x370],
  ...Array.from({ length: 24 }, (_, i) => 0x100 + 16 * i),
]);

/** A load that KVM accepts and then does not answer: no such register, or across its first four bytes. */
function isUnanswered(op: Op): boolean {
  const offset = num(op, 'addr') - LAPIC_PAGE;
  return offset >= 0 && offset < 0x1000 && (!READABLE.has(offset & ~0xf) || (offset & 0xf) + num(op, 'size', 4) > 4);
}

/** The known differences of the x86 model. */
export const X86_DIFFERENCES: readonly Skip[] = [
  {
    id: 'lapic-unanswered-load',
    oracle: 'kvm',
    versions: '.',
    ops: ['mmio_read'],
    fields: ['out.value'],
    when: isUnanswered,
    reason:
      'KVM takes a load from a LAPIC offset without a register for done and leaves its buffer as the access before left it; the model reads 0',
    source: 'Linux arch/x86/kvm/lapic.c, apic_mmio_read: the result of kvm_lapic_reg_read is not looked at',
  },
  {
    id: 'ppr-evaluated-early',
    oracle: 'kvm',
    versions: '.',
    ops: [],
    fields: ['state.lapic[].ppr'],
    accidental: true,
    reason:
      'KVM_SET_LAPIC leaves PPR stale until events are evaluated; on a busy host that happens earlier now and then, on an idle one it does not',
    source:
      'seen at load 10 on two CPUs; likely an entry given up for need_resched: Linux arch/x86/kvm/x86.c, vcpu_enter_guest, cancel_injection',
  },
  {
    id: 'amd-split-icr',
    oracle: 'kvm',
    versions: '^6\\.(1[2-9]|[2-9]\\d)',
    hosts: 'kvm_amd',
    ops: [],
    fields: ['state.lapic[].icr2'],
    reason:
      'kvm_amd keeps the halves of the x2APIC ICR apart, as AVIC hardware does; the model keeps 64 bits, as kvm_intel does',
    source: 'Linux arch/x86/kvm/svm/svm.c, x2apic_icr_is_split (6.12)',
  },
];
