// Every row of the recorded errno tables: what each ioctl returned on Linux 6.1 and 6.18.

import { readFileSync } from 'node:fs';
import type { KernelVersion } from '@virq/irq-core/kvm';
import { createMachine } from '@virq/irq-core/machine';
import { describe, expect, it } from 'vitest';
import { vm } from '../__fixtures__/bench.ts';
import { x86Avic } from '../index.ts';

type Op = Readonly<Record<string, unknown>>;
type Vm = ReturnType<typeof vm>;
type Value = number | null | readonly (number | null)[];
/** The result of a case: an errno's name, or what was returned. */
type Case = (kernel: KernelVersion) => string | Value;
type Row = { readonly ioctl: string; readonly case: string; readonly result: string; readonly value: Value | '' };

const MSI = { type: 'msi', address_lo: 0xfee00000, data: 0x41 };
const ioapic = (gsi: number, pin: number): Op => ({ gsi, type: 'irqchip', chip: 'ioapic', pin });
const pic = (gsi: number, chip: 'pic_master' | 'pic_slave', pin: number): Op => ({ gsi, type: 'irqchip', chip, pin });
const msi = (gsi: number, more: Op = {}): Op => ({ gsi, ...MSI, ...more });
const on =
  (options: Op, run: (m: Vm) => string | Value): Case =>
  (kernel) =>
    run(vm(options, kernel));

const routing = (entries: readonly Op[], options: Op = {}, flags = 0): Case =>
  on(options, (m) => m.ret({ op: 'set_gsi_routing', entries, flags }));
const X2_FORMAT = { x2apic_api: 1 };
const many = (n: number, gsi: (i: number) => number): Op[] => Array.from({ length: n }, (_, i) => msi(gsi(i)));

/** KVM_IRQ_LINE and KVM_IRQ_LINE_STATUS share their cases; the first reports no status. */
function line(options: Op, gsi: number, levels: readonly number[], before: (m: Vm) => void = () => undefined) {
  return (status: boolean): Case =>
    on(options, (m) => {
      before(m);
      let last: string | Value = null;
      for (const level of levels) {
        const r = m.op({ op: 'irq_line', gsi, level, status });
        last = r.errno ?? [r.ret, (r.out?.['status'] as number | null) ?? null];
      }
      return last;
    });
}
const LEVEL_PIN = (m: Vm): void => {
  m.ioapicOnly(5);
  m.rte(5, { vec: 0x35, level: 1 });
};
const EDGE_PIN = (m: Vm): void => {
  m.ioapicOnly(5);
  m.rte(5, { vec: 0x35 });
};
const PIC_PIN = (m: Vm): void => void m.picOnly(5);
const LINES: Readonly<Record<string, (status: boolean) => Case>> = {
  'no irqchip': line({ irqchip: 'none' }, 0, [1]),
  'split irqchip': line({ irqchip: 'split' }, 0, [1]),
  'gsi 0, default routing, level 1': line({}, 0, [1]),
  'gsi 23, default routing, level 1': line({}, 23, [1]),
  'gsi 24, default routing, level 1': line({}, 24, [1]),
  'gsi 4095, default routing, level 1': line({}, 4095, [1]),
  'gsi 4096, default routing, level 1': line({}, 4096, [1]),
  'gsi 4294967295, default routing, level 1': line({}, 4294967295, [1]),
  'gsi routed to MSI, level 1': line({}, 7, [1], (m) => void m.route(msi(7))),
  'gsi routed to MSI, level 0': line({}, 7, [0], (m) => void m.route(msi(7))),
  'IOAPIC pin masked and PIC masked/uninitialised': line({}, 5, [1]),
  'IOAPIC-only gsi, pin masked': line({}, 5, [1], (m) => void m.ioapicOnly(5)),
  'PIC-only gsi, reset state': line({}, 5, [1], PIC_PIN),
  'PIC-only gsi, asserted twice': line({}, 5, [1, 1], PIC_PIN),
  'IOAPIC-only gsi, level 0': line({}, 5, [0], (m) => void m.ioapicOnly(5)),
  'IOAPIC-only level pin, high-low-high with remote IRR set': line({}, 5, [1, 0, 1], LEVEL_PIN),
  'IOAPIC-only edge pin, no such destination': line({}, 5, [1], (m) => {
    m.ioapicOnly(5);
    m.rte(5, { vec: 0x35, dest: 9 });
  }),
  'level pin, asserted twice': line({}, 5, [1, 1], LEVEL_PIN),
  'edge pin, asserted twice without deassert': line({}, 5, [1, 1], EDGE_PIN),
  'edge pin, pulse then assert, vector still in IRR': line({}, 5, [1, 0, 1], EDGE_PIN),
};

const signal = (address_lo: number, data: number, more: Op = {}, options: Op = {}): Case =>
  on(options, (m) => m.msi(address_lo, data, more));
const here = (data: number, more: Op = {}, options: Op = {}): Case => signal(0xfee00000, data, more, options);

/** KVM_IRQFD requests one after another; the result of the last. */
const irqfds = (options: Op, ...requests: readonly Op[]): Case =>
  on(options, (m) => {
    let last: string | Value = null;
    for (const r of requests) last = m.ret({ op: 'irqfd', name: 'a', gsi: 5, ...r });
    return last;
  });

function inTwoVms(kernel: KernelVersion): string | number {
  const machine = createMachine({
    kernel,
    vms: ['one', 'two'].map((name) => ({ name, backend: x86Avic, limits: { vcpus: 1 } })),
  });
  const fd = machine.eventfds.create();
  const [first, second] = machine.vms.map(({ kvm }) => kvm.irqfd({ fd, gsi: 5, flags: 0, resamplefd: 0 }));
  return first !== 0 ? 'the first failed' : second === -16 ? 'EBUSY' : (second as number);
}

const setMsr = (msr: number, value: number, x2apic = true): Case =>
  on({}, (m) => {
    if (x2apic) m.ret({ op: 'set_msr', msr: 0x1b, value: 0xfee00d00 });
    return m.ret({ op: 'set_msr', msr, value });
  });
const interrupts = (options: Op, ...vectors: readonly number[]): Case =>
  on(options, (m) => vectors.map((vector) => m.ret({ op: 'interrupt', vector })).at(-1) as string | number);
const call = (options: Op, request: Op): Case => on(options, (m) => m.ret(request));
const NONE = { irqchip: 'none' };
const SPLIT = { irqchip: 'split' };
const NO_VCPU = { irqchip: 'none', vcpus: 0 };

const CASES: Readonly<Record<string, Readonly<Record<string, Case>>>> = {
  KVM_CREATE_IRQCHIP: {
    'second time': call({ vcpus: 0 }, { op: 'create_irqchip' }),
    'after split irqchip': call({ irqchip: 'split', vcpus: 0 }, { op: 'create_irqchip' }),
    'after a vCPU exists': call(NONE, { op: 'create_irqchip' }),
  },
  KVM_CAP_SPLIT_IRQCHIP: {
    'after KVM_CREATE_IRQCHIP': call({ vcpus: 0 }, { op: 'enable_split', pins: 24 }),
    'after a vCPU exists, no irqchip': call(NONE, { op: 'enable_split', pins: 24 }),
    'reserved pins = 0, no vCPU': call(NO_VCPU, { op: 'enable_split', pins: 0 }),
    'reserved pins = 24, no vCPU': call(NO_VCPU, { op: 'enable_split', pins: 24 }),
    'reserved pins = 256, no vCPU': call(NO_VCPU, { op: 'enable_split', pins: 256 }),
    'reserved pins = 4096, no vCPU': call(NO_VCPU, { op: 'enable_split', pins: 4096 }),
    'reserved pins = 4097, no vCPU': call(NO_VCPU, { op: 'enable_split', pins: 4097 }),
  },
  KVM_CREATE_VCPU: {
    'id 300 with in-kernel irqchip, no X2APIC_API': call({}, { op: 'vm', apic_ids: [300] }),
  },
  KVM_SET_GSI_ROUTING: {
    'empty table': routing([]),
    'no irqchip created': routing([], NONE),
    'table flags = 1': routing([], {}, 1),
    'entry flags = 1 on an irqchip entry': routing([{ ...ioapic(5, 5), flags: 1 }]),
    'entry flags = 1 (VALID_DEVID) on an MSI entry': routing([msi(5, { flags: 1 })]),
    'entry flags = 2 on an MSI entry': routing([msi(5, { flags: 2 })]),
    'type 0': routing([{ gsi: 5, type: 0 }]),
    'type 3 (s390 adapter)': routing([{ gsi: 5, type: 3 }]),
    'type 4 (Hyper-V SINT)': routing([{ gsi: 5, type: 4 }]),
    'type 5 (Xen evtchn)': routing([{ gsi: 5, type: 5 }]),
    'type 6': routing([{ gsi: 5, type: 6 }]),
    'irqchip 3': routing([{ gsi: 5, type: 'irqchip', chip: 3, pin: 0 }]),
    'irqchip 0xffffffff': routing([{ gsi: 5, type: 'irqchip', chip: 0xffffffff, pin: 0 }]),
    'IOAPIC pin 23': routing([ioapic(5, 23)]),
    'IOAPIC pin 24': routing([ioapic(5, 24)]),
    'PIC master pin 7': routing([pic(5, 'pic_master', 7)]),
    'PIC master pin 8': routing([pic(5, 'pic_master', 8)]),
    'PIC master pin 15': routing([pic(5, 'pic_master', 15)]),
    'PIC slave pin 0': routing([pic(5, 'pic_slave', 0)]),
    'PIC slave pin 7': routing([pic(5, 'pic_slave', 7)]),
    'PIC slave pin 8': routing([pic(5, 'pic_slave', 8)]),
    'irqchip entry with split irqchip': routing([ioapic(5, 5)], SPLIT),
    'gsi = 4095': routing([msi(4095)]),
    'gsi = 4096': routing([msi(4096)]),
    'gsi = 4294967295': routing([msi(4294967295)]),
    '4096 entries (MSI, distinct gsi where possible)': routing(many(4096, (i) => i)),
    '4097 entries (MSI, distinct gsi where possible)': routing(many(4097, (i) => Math.min(i, 4095))),
    '4097 entries, gsi reused': routing(many(4097, (i) => i % 4096)),
    'two MSI entries, same gsi': routing([msi(5), msi(5)]),
    'MSI + IOAPIC, same gsi': routing([msi(5), ioapic(5, 5)]),
    'IOAPIC + MSI, same gsi': routing([ioapic(5, 5), msi(5)]),
    'two IOAPIC pins, same gsi': routing([ioapic(5, 5), ioapic(5, 6)]),
    'same IOAPIC pin, same gsi twice': routing([ioapic(5, 5), ioapic(5, 5)]),
    'IOAPIC + PIC master, same gsi': routing([ioapic(5, 5), pic(5, 'pic_master', 5)]),
    'IOAPIC + PIC master + PIC slave, same gsi': routing([
      ioapic(5, 5),
      pic(5, 'pic_master', 5),
      pic(5, 'pic_slave', 5),
    ]),
    'same pin from two gsis': routing([ioapic(5, 5), ioapic(6, 5)]),
    'MSI address_hi low byte != 0, no X2APIC_API': routing([msi(5, { address_hi: 1 })]),
    'MSI address_hi low byte != 0, X2APIC_API(1)': routing([msi(5, { address_hi: 1 })], X2_FORMAT),
    'MSI address_hi = 0x100, X2APIC_API(1)': routing([msi(5, { address_hi: 0x100 })], X2_FORMAT),
    'MSI address not in 0xFEExxxxx': routing([msi(5, { address_lo: 0x12345000 })]),
    'MSI data vector 0': routing([msi(5, { data: 0 })]),
  },
  KVM_IRQ_LINE_STATUS: Object.fromEntries(Object.entries(LINES).map(([name, make]) => [name, make(true)])),
  KVM_IRQ_LINE: Object.fromEntries(Object.entries(LINES).map(([name, make]) => [name, make(false)])),
  KVM_SIGNAL_MSI: {
    'no irqchip': here(0x41, {}, NONE),
    'ok, accepted': here(0x41),
    'split irqchip': here(0x41, {}, SPLIT),
    'flags = 1 (VALID_DEVID)': here(0x41, { flags: 1 }),
    'flags = 2': here(0x41, { flags: 2 }),
    'no such destination (physical 7)': signal(0xfee07000, 0x41),
    'LAPIC software-disabled': here(0x41, {}, { lapic_enable: false }),
    'vector already in IRR': on({}, (m) => [m.msi(0xfee00000, 0x41), m.msi(0xfee00000, 0x41)].at(-1) as number),
    'broadcast 0xff, 2 vCPUs': signal(0xfeeff000, 0x41, {}, { vcpus: 2 }),
    'vector 5 (reserved)': here(5),
    'delivery mode NMI': here(0x441),
    'delivery mode SMI': here(0x241),
    'delivery mode INIT': here(0x541),
    'delivery mode ExtINT': here(0x741),
    'delivery mode 3 (reserved)': here(0x341),
    'level trigger, level=0 (deassert)': here(0x8041),
    'level trigger, level=1': here(0xc041),
    'address_hi = 1, no X2APIC_API': here(0x41, { address_hi: 1 }),
    'address_hi = 1, X2APIC_API(1)': here(0x41, { address_hi: 1 }, X2_FORMAT),
    'address outside 0xFEExxxxx': signal(0x12345000, 0x41),
  },
  KVM_IRQFD: {
    ok: irqfds({}, {}),
    'no irqchip': irqfds(NONE, {}),
    'split irqchip': irqfds(SPLIT, {}),
    'resample with split irqchip': irqfds(SPLIT, { resample: 'r' }),
    'fd = -1': irqfds({}, { name: '-1' }),
    'fd is not an eventfd': irqfds({}, { name: '/dev/null' }),
    'flags = 4': irqfds({}, { flags: 4 }),
    'gsi without a route (100)': irqfds({}, { gsi: 100 }),
    'gsi = 4095': irqfds({}, { gsi: 4095 }),
    'gsi = 4096': irqfds({}, { gsi: 4096 }),
    'gsi = 4294967295': irqfds({}, { gsi: 4294967295 }),
    'same eventfd, same gsi, twice': irqfds({}, {}, {}),
    'same eventfd, another gsi': irqfds({}, {}, { gsi: 6 }),
    'another eventfd, same gsi': irqfds({}, {}, { name: 'b' }),
    'same eventfd in a second VM': inTwoVms,
    'resamplefd = -1': irqfds({}, { resample: '-1' }),
    'resamplefd not an eventfd': irqfds({}, { resample: '/dev/null' }),
    'resamplefd == fd': irqfds({}, { resample: 'a' }),
    'resample on a gsi routed to MSI': on({}, (m) => {
      m.route(msi(5));
      return m.ret({ op: 'irqfd', name: 'a', gsi: 5, resample: 'r' });
    }),
    'resample on an unrouted gsi': irqfds({}, { gsi: 100, resample: 'r' }),
    'resample: two irqfds share one resamplefd, same gsi': irqfds({}, { resample: 'r' }, { name: 'b', resample: 'r' }),
    'resample + plain irqfd on the same gsi': irqfds({}, { resample: 'r' }, { name: 'b' }),
    'deassign, ok': irqfds({}, {}, { deassign: true }),
    'deassign, never assigned': irqfds({}, { deassign: true }),
    'deassign, wrong gsi': irqfds({}, {}, { gsi: 6, deassign: true }),
    'deassign, wrong gsi, then assign again (still bound?)': irqfds({}, {}, { gsi: 6, deassign: true }, {}),
    'deassign, fd = -1': irqfds({}, { name: '-1', deassign: true }),
    'deassign, fd not an eventfd': irqfds({}, { name: '/dev/null', deassign: true }),
    'deassign|resample flags': irqfds({}, { resample: 'r' }, { resample: 'r', deassign: true }),
    'deassign, no irqchip': irqfds(NONE, { deassign: true }),
    'eventfd already has count 1 at assign': on({}, (m) => {
      m.ret({ op: 'eventfd', name: 'a', initial: 1 });
      m.ret({ op: 'irqfd', name: 'a', gsi: 5 });
      return Number(m.op({ op: 'efd_read', name: 'a' }).out?.['count']);
    }),
  },
  KVM_GET_IRQCHIP: {
    'chip_id 3': call({}, { op: 'irqchip_get', chip: 3 }),
    'no irqchip': call(NONE, { op: 'irqchip_get', chip: 2 }),
    'split irqchip': call(SPLIT, { op: 'irqchip_get', chip: 2 }),
  },
  KVM_SET_IRQCHIP: {
    'chip_id 3': call({}, { op: 'pic_set', chip: 3 }),
    'no irqchip': call(NONE, { op: 'ioapic_set' }),
    'split irqchip': call(SPLIT, { op: 'ioapic_set' }),
  },
  KVM_GET_LAPIC: { 'no irqchip': call(NONE, { op: 'lapic_get' }) },
  KVM_SET_LAPIC: {
    'no irqchip': call(NONE, { op: 'lapic_set' }),
    'wrong id in x2APIC mode': on({}, (m) => {
      m.ret({ op: 'set_msr', msr: 0x1b, value: 0xfee00d00 });
      return m.ret({ op: 'lapic_set', id: 7 << 24 });
    }),
  },
  KVM_INTERRUPT: {
    'in-kernel irqchip': interrupts({}, 0x41),
    'no irqchip, vector 0x41': interrupts(NONE, 0x41),
    'no irqchip, vector 256': interrupts(NONE, 256),
    'no irqchip, second one while the first is pending': interrupts(NONE, 0x41, 0x42),
    'split irqchip, vector 0x41': interrupts(SPLIT, 0x41),
  },
  KVM_SET_MSRS: {
    'x2APIC EOI (0x80B) in xAPIC mode: entries set': setMsr(0x80b, 0, false),
    'x2APIC EOI (0x80B) in x2APIC mode: entries set': setMsr(0x80b, 0),
    'x2APIC EOI with value 1: entries set': setMsr(0x80b, 1),
    'x2APIC self IPI (0x83F) 0x41: entries set': setMsr(0x83f, 0x41),
  },
  KVM_SET_MP_STATE: {
    'SIPI_RECEIVED on a runnable vCPU': call({}, { op: 'set_mp_state', state: 4 }),
    'state 9': call({}, { op: 'set_mp_state', state: 9 }),
  },
  KVM_NMI: { ok: call({}, { op: 'nmi' }) },
};

/** Rows that the vocabulary has no words for, and why. A row that gets a case must leave this table. */
const NO_WORDS: Readonly<Record<string, string>> = {
  'KVM_CREATE_VCPU: duplicate id': 'vCPUs come with the vm operation, all at once',
  'KVM_CREATE_VCPU: id = KVM_CAP_MAX_VCPU_ID': 'the vm operation refuses such an id as an argument',
  'KVM_SET_BOOT_CPU_ID: after a vCPU exists': 'the boot CPU is an argument of the vm operation',
  'KVM_SET_GSI_ROUTING: entry pad != 0': 'entries have no pad',
  'KVM_IRQ_LINE_STATUS: level 2': 'a level is 0 or 1',
  'KVM_IRQ_LINE: level 2': 'a level is 0 or 1',
  'KVM_IRQFD: dup() of a bound eventfd': 'eventfds are named, descriptors are not',
  'KVM_IRQFD: EFD_SEMAPHORE eventfd': 'there are no semaphore eventfds',
};

const rowsOf = (kernel: KernelVersion): Row[] =>
  readFileSync(new URL(`../__fixtures__/vectors/errno.linux-${kernel}.jsonl`, import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .map((l) => JSON.parse(l) as Row);

describe.each(['6.18', '6.1'] as const)('errno table of Linux %s', (kernel) => {
  const rows = rowsOf(kernel);

  it.each(rows.map((row) => [`${row.ioctl}: ${row.case}`, row] as const))('%s', (name, row) => {
    const run = CASES[row.ioctl]?.[row.case];
    if (run === undefined) return expect(NO_WORDS, 'a row without a case needs a reason').toHaveProperty([name]);
    expect(NO_WORDS).not.toHaveProperty([name]);
    expect(run(kernel)).toEqual(row.result === 'ok' ? row.value : row.result);
  });

  it('every case belongs to a row', () => {
    const known = new Set(rows.map((row) => `${row.ioctl}: ${row.case}`));
    const mine = Object.entries(CASES).flatMap(([ioctl, cases]) => Object.keys(cases).map((c) => `${ioctl}: ${c}`));
    expect([...mine, ...Object.keys(NO_WORDS)].filter((name) => !known.has(name))).toEqual([]);
  });
});
