// Operations of guest code, each one access of the tiny guest, and `ack`, which moves a vector from IRR to ISR by KVM_SET_LAPIC.

import { EINVAL } from '@virq/irq-core/errors';
import type { Json } from '@virq/irq-core/machine';
import { hex, num, redirection, u64 } from '../arguments.ts';
import { type Op, OracleError } from '../oracle.ts';
import { getMsr, setMsr } from './host-operations.ts';
import { IOCTL } from './ioctls.ts';
import { lapicPage } from './observe.ts';
import { type Access, access, openWindow, type Registers } from './run.ts';
import type { Answer, Run, Session } from './session.ts';
import { LAPIC } from './structs.ts';
import { demand, setVectors, type Vcpu, vectorsOf } from './vm.ts';

const LAPIC_BASE = 0xfee00000;
const IOAPIC_BASE = 0xfec00000;
const MSR = { APIC_BASE: 0x1b, PPR: 0x80a, EOI: 0x80b } as const;
const ENABLED = 1n << 11n;
const X2APIC = 1n << 10n;

const truncate = (value: number, size: number): number => (size >= 4 ? value : value & (2 ** (8 * size) - 1)) >>> 0;

/** `out` of an access; the vector belongs to the exits that have one. */
function ended(a: Access, more: Readonly<Record<string, Json>> = {}): Answer {
  const vector = a.exit === 'ioapic_eoi' || a.exit === 'vector' ? { vector: a.vector } : {};
  return { ret: 0, out: { exit: a.exit, ...more, ...vector } };
}

const onVcpu =
  (run: (s: Session, vcpu: Vcpu, op: Op) => Answer): Run =>
  (s, op) => {
    const vcpu = s.vm.vcpus[num(op, 'vcpu')];
    return vcpu === undefined ? { ret: -EINVAL } : run(s, vcpu, op);
  };

/** Name of the snippet for an operand size that the guest's instructions have. */
function sized(name: string, size: number): string {
  if (![1, 2, 4].includes(size)) throw new OracleError(`the guest has no ${name} of ${size} bytes`);
  return `${name}${size}`;
}

/** A store of four bytes. */
const store = (s: Session, vcpu: Vcpu, address: number, value: number): Access =>
  access(s.vm, vcpu, 'store4', { esi: address, eax: value });

/** A load or IN of the size that the operation says. */
function read(
  s: Session,
  vcpu: Vcpu,
  op: Op,
  { name, size, ...r }: Registers & { name: string; size: number },
): Answer {
  const bytes = num(op, 'size', size);
  const a = access(s.vm, vcpu, sized(name, bytes), r);
  const left = a.exit === 'mmio' || a.exit === 'io';
  return ended(a, { value: hex(left ? 0 : truncate(a.eax, bytes)) });
}

/** A store or OUT of the size that the operation says. */
function write(
  s: Session,
  vcpu: Vcpu,
  op: Op,
  { name, size, ...r }: Registers & { name: string; size: number },
): Answer {
  return ended(access(s.vm, vcpu, sized(name, num(op, 'size', size)), { ...r, eax: num(op, 'value') }));
}

/** Has the guest read PPR, so that KVM computes it, and gives the page afterwards. */
function freshPage(s: Session, vcpu: Vcpu): DataView {
  const base = getMsr(s, vcpu, MSR.APIC_BASE) ?? 0n;
  if (base & X2APIC) access(s.vm, vcpu, 'rdmsr', { ecx: MSR.PPR });
  else access(s.vm, vcpu, 'load4', { esi: LAPIC_BASE + LAPIC.ppr });
  return lapicPage(s.vm, vcpu);
}

function acknowledge(s: Session, vcpu: Vcpu): Answer {
  const page = freshPage(s, vcpu);
  const enabled = ((getMsr(s, vcpu, MSR.APIC_BASE) ?? 0n) & ENABLED) !== 0n;
  const vector = vectorsOf(page, 'irr').at(-1) ?? -1;
  const deliverable = enabled && (vector & 0xf0) > page.getUint32(LAPIC.ppr, true);
  if (vector < 0 || !deliverable) return { ret: 0, out: { vector: null } };
  setVectors(page, 'irr', vectorsOf(page, 'irr').slice(0, -1));
  setVectors(page, 'isr', [...vectorsOf(page, 'isr'), vector]);
  demand(s.vm.kvm.libc.ioctlOn(vcpu.fd, IOCTL.SET_LAPIC, new Uint8Array(page.buffer)), 'KVM_SET_LAPIC');
  freshPage(s, vcpu);
  return { ret: 0, out: { vector } };
}

function endOfInterrupt(s: Session, vcpu: Vcpu, op: Op): Answer {
  const how = op['how'] ?? 'mmio';
  if (how === 'setmsr') return { ret: setMsr(s, vcpu, MSR.EOI, 0n) };
  if (how === 'wrmsr') return ended(access(s.vm, vcpu, 'wrmsr', { ecx: MSR.EOI }));
  return ended(store(s, vcpu, LAPIC_BASE + 0xb0, 0));
}

function writeMsr(s: Session, vcpu: Vcpu, op: Op): Answer {
  const value = u64(op['value']);
  const r = { ecx: num(op, 'msr'), eax: Number(value & 0xffffffffn), edx: Number(value >> 32n) };
  return ended(access(s.vm, vcpu, 'wrmsr', r));
}

function readMsr(s: Session, vcpu: Vcpu, op: Op): Answer {
  const a = access(s.vm, vcpu, 'rdmsr', { ecx: num(op, 'msr') });
  const value = a.exit === 'gp' ? 0n : (BigInt(a.edx) << 32n) | BigInt(a.eax);
  return ended(a, { value: hex(value) });
}

function writeIoapic(s: Session, index: number, value: number): void {
  const vcpu = s.vm.vcpus[0] as Vcpu;
  store(s, vcpu, IOAPIC_BASE, index);
  store(s, vcpu, IOAPIC_BASE + 0x10, value);
}

/** Guest operations by name. */
export const GUEST_OPERATIONS: Readonly<Record<string, Run>> = {
  ack: onVcpu(acknowledge),
  eoi: onVcpu(endOfInterrupt),
  mmio_read: onVcpu((s, vcpu, op) => read(s, vcpu, op, { name: 'load', size: 4, esi: num(op, 'addr') })),
  mmio_write: onVcpu((s, vcpu, op) => write(s, vcpu, op, { name: 'store', size: 4, esi: num(op, 'addr') })),
  in: onVcpu((s, vcpu, op) => read(s, vcpu, op, { name: 'in', size: 1, edx: num(op, 'port') })),
  out: onVcpu((s, vcpu, op) => write(s, vcpu, op, { name: 'out', size: 1, edx: num(op, 'port') })),
  rdmsr: onVcpu(readMsr),
  wrmsr: onVcpu(writeMsr),
  ioapic_read(s, op) {
    store(s, s.vm.vcpus[0] as Vcpu, IOAPIC_BASE, num(op, 'reg'));
    const a = access(s.vm, s.vm.vcpus[0] as Vcpu, 'load4', { esi: IOAPIC_BASE + 0x10 });
    return { ret: 0, out: { exit: 'done', value: hex(a.exit === 'mmio' ? 0 : a.eax) } };
  },
  ioapic_write(s, op) {
    writeIoapic(s, num(op, 'reg'), num(op, 'value'));
    return { ret: 0, out: { exit: 'done' } };
  },
  ioapic_redir(s, op) {
    const entry = redirection(op['value']);
    const index = 0x10 + 2 * num(op, 'pin');
    writeIoapic(s, index + 1, Number(entry >> 32n));
    writeIoapic(s, index, Number(entry & 0xffffffffn));
    return { ret: 0, out: { exit: 'done' } };
  },
  window: onVcpu((s, vcpu) => {
    const a = openWindow(s.vm, vcpu);
    return a.exit === 'vector' ? ended(a) : { ret: 0, out: { exit: 'halt' } };
  }),
  sync(s) {
    const eois: { vcpu: number; vector: number }[] = [];
    for (const [i, vcpu] of s.vm.vcpus.entries()) {
      const a = access(s.vm, vcpu, 'nop', {});
      if (a.exit === 'ioapic_eoi') eois.push({ vcpu: i, vector: a.vector });
    }
    return { ret: 0, out: eois.length === 0 ? { exit: 'done' } : { exit: 'ioapic_eoi', eois } };
  },
};
