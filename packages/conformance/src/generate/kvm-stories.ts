// Short stories of several operations that random choice alone rarely tells to the end: an irqfd that resamples, an 8259A that is set up.

import type { Op } from '../oracle.ts';
import type { Choose } from './choose.ts';
import { hotGsi, vector } from './kvm-values.ts';

/** A story. `on`: irqchips with which it makes sense. */
export interface Story {
  readonly weight: number;
  readonly on: readonly string[];
  tell(c: Choose, vcpus: number): Op[];
}

const KERNEL = ['kernel'];
const LAPICS = ['kernel', 'split'];
const LAPIC_PAGE = 0xfee00000;

/** A level-triggered irqfd: assert, acknowledge, EOI, resample; by default routing GSI and IOAPIC pin are one. */
function resample(c: Choose, vcpus: number): Op[] {
  const [gsi, vcpu, name, resamplefd] = [hotGsi(c), c.between(0, vcpus - 1), c.one(['a', 'b']), c.one(['r', 's'])];
  return [
    { op: 'ioapic_redir', pin: gsi, value: { vec: vector(c), level: 1, dest: vcpu, mask: c.chance(20) ? 1 : 0 } },
    { op: 'irqfd', name, gsi, resample: resamplefd },
    ...(c.chance(80) ? [{ op: 'sync' }] : []),
    { op: 'efd_write', name },
    { op: 'ack', vcpu },
    { op: 'eoi', vcpu, how: 'mmio' },
    { op: 'efd_read', name: resamplefd },
  ];
}

/** A line that goes up while its pin is masked, and the pin unmasked then. */
function unmask(c: Choose): Op[] {
  const gsi = hotGsi(c);
  const entry = { vec: vector(c), level: c.chance(80) ? 1 : 0, dest: 0 };
  return [
    { op: 'ioapic_redir', pin: gsi, value: { ...entry, mask: 1 } },
    c.chance(50) ? { op: 'irq_line', gsi, level: 1 } : { op: 'efd_write', name: c.one(['a', 'b']) },
    { op: 'ioapic_redir', pin: gsi, value: { ...entry, mask: 0 } },
  ];
}

/** ICW1 to ICW4 of both 8259As, and every pin unmasked. */
function picSetUp(c: Choose): Op[] {
  const icw4 = c.one([1, 1, 3, 0x11]);
  const out = (port: number, value: number): Op => ({ op: 'out', vcpu: 0, port, value });
  return [
    ...[out(0x20, 0x11), out(0x21, 0x30), out(0x21, 4), out(0x21, icw4), out(0x21, 0)],
    ...[out(0xa0, 0x11), out(0xa1, 0x38), out(0xa1, 2), out(0xa1, icw4), out(0xa1, 0)],
  ];
}

/** Logical ids, one bit per vCPU, flat or in clusters. */
function logicalIds(c: Choose, vcpus: number): Op[] {
  const cluster = c.chance(40);
  return Array.from({ length: vcpus }, (_, vcpu) => vcpu).flatMap((vcpu) => [
    { op: 'mmio_write', vcpu, addr: LAPIC_PAGE + 0xe0, value: cluster ? 0x0fffffff : 0xffffffff },
    {
      op: 'mmio_write',
      vcpu,
      addr: LAPIC_PAGE + 0xd0,
      value: ((cluster ? 0x10 | (1 << vcpu) : 1 << vcpu) << 24) >>> 0,
    },
  ]);
}

/** Every vCPU into x2APIC mode. */
const x2apic = (_c: Choose, vcpus: number): Op[] =>
  Array.from({ length: vcpus }, (_, vcpu) => ({
    op: 'set_msr',
    vcpu,
    msr: 0x1b,
    value: vcpu === 0 ? '0xfee00d00' : '0xfee00c00',
  }));

/** The stories. */
export const KVM_STORIES: readonly Story[] = [
  { weight: 14, on: KERNEL, tell: resample },
  { weight: 8, on: KERNEL, tell: unmask },
  { weight: 5, on: KERNEL, tell: picSetUp },
  { weight: 5, on: LAPICS, tell: logicalIds },
  { weight: 3, on: LAPICS, tell: x2apic },
];
