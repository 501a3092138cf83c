// One row for each operation of the KVM oracle: how often, and with which arguments.

import { hex } from '../arguments.ts';
import type { Op } from '../oracle.ts';
import type { Choose } from './choose.ts';
import {
  apicBase,
  deliveryMode,
  destination,
  gsi,
  lapicOffset,
  lapicWrite,
  msiAddress,
  msiData,
  PIC_WRITES,
  vector,
  x2apicWrite,
} from './kvm-values.ts';

/** A kind of operation. `on`: irqchips with which it makes sense. */
export interface Row {
  readonly weight: number;
  readonly on: readonly string[];
  make(c: Choose, vcpus: number): Op;
}

const ALL = ['kernel', 'split', 'none'];
const LAPICS = ['kernel', 'split'];
const KERNEL = ['kernel'];
const EVENTFDS = ['a', 'b', 'c', 'd'];
const RESAMPLEFDS = ['r', 's'];
const LAPIC_PAGE = 0xfee00000;

/** A vCPU; now and then one that does not exist. */
const vcpu = (c: Choose, vcpus: number): number => (c.chance(98) ? c.between(0, vcpus - 1) : vcpus);
const vectors = (c: Choose): number[] => c.some([0x31, 0x32, 0x41, 0x51, 0x61, 0x81, 0xe1], 3).sort((a, b) => a - b);

function route(c: Choose): Op[string] {
  const g = gsi(c);
  if (c.chance(35)) {
    const address_hi = c.chance(10) ? c.one([1, 0x100, 0xff]) : 0;
    const flags = c.chance(5) ? c.one([1, 2]) : 0;
    return { gsi: g, type: 'msi', address_lo: msiAddress(c), address_hi, data: msiData(c), flags };
  }
  const chip = c.one(['ioapic', 'ioapic', 'ioapic', 'pic_master', 'pic_slave']);
  const pin = c.chance(96) ? c.between(0, chip === 'ioapic' ? 23 : 7) : c.one([8, 24, 255]);
  const type = c.chance(98) ? 'irqchip' : c.one([0, 3, 6]);
  return { gsi: g, type, chip: c.chance(98) ? chip : 3, pin, flags: c.chance(2) ? 1 : 0 };
}

const entry = (c: Choose): Op[string] => ({
  vec: vector(c),
  dm: deliveryMode(c),
  logical: c.chance(25) ? 1 : 0,
  pol: c.chance(10) ? 1 : 0,
  level: c.chance(55) ? 1 : 0,
  mask: c.chance(20) ? 1 : 0,
  dest: destination(c),
});

function entryBits(c: Choose): string {
  const low = vector(c) | (deliveryMode(c) << 8) | (c.between(0, 63) << 11);
  return hex((BigInt(destination(c)) << 56n) | BigInt(low));
}

function picState(c: Choose): Readonly<Record<string, number>> {
  const all = {
    irr: c.u32() & 0xff,
    imr: c.u32() & 0xff,
    isr: c.one([0, 1, 4, 0x20, 0x24]),
    last_irr: c.u32() & 0xff,
    priority_add: c.between(0, 7),
    irq_base: c.one([0x30, 0x38, 0x70]),
    elcr: c.one([0, 0x20, 0xf8]),
    auto_eoi: c.between(0, 1),
    special_fully_nested_mode: c.between(0, 1),
    init_state: c.chance(90) ? 0 : c.between(1, 3),
    poll: c.chance(90) ? 0 : 1,
  };
  return Object.fromEntries(c.some(Object.entries(all), 5));
}

function lapicState(c: Choose): Readonly<Record<string, number | number[]>> {
  const all = {
    irr: vectors(c),
    isr: vectors(c),
    tmr: vectors(c),
    tpr: c.one([0, 0x20, 0x55, 0xf0]),
    spiv: c.chance(85) ? 0x1ff : 0xff,
    ldr: (c.one([0, 1, 2, 4, 8, 0x11, 0x12]) << 24) >>> 0,
    dfr: c.one([0xffffffff, 0x0fffffff]),
    lvt0: c.one([0x700, 0x10000, 0x10700]),
    icr2: (destination(c) << 24) >>> 0,
  };
  return Object.fromEntries(c.some(Object.entries(all), 4));
}

/** The rows. */
export const KVM_ROWS: readonly Row[] = [
  { weight: 160, on: ALL, make: (c) => ({ op: 'irq_line', gsi: gsi(c), level: c.between(0, 1) }) },
  {
    weight: 60,
    on: ALL,
    make: (c) => ({
      op: 'signal_msi',
      address_lo: c.chance(96) ? msiAddress(c) : c.one([0, 0x12345000]),
      data: msiData(c),
      ...(c.chance(8) ? { address_hi: c.one([1, 0x100, 0xff00]) } : {}),
      ...(c.chance(3) ? { flags: c.one([1, 2, 3]) } : {}),
    }),
  },
  {
    weight: 10,
    on: ALL,
    make: (c) => ({
      op: 'set_gsi_routing',
      entries: Array.from({ length: c.between(0, 12) }, () => route(c)),
      ...(c.chance(2) ? { flags: 1 } : {}),
    }),
  },
  {
    weight: 25,
    on: ALL,
    make: (c) => ({
      op: 'irqfd',
      name: c.chance(96) ? c.one(EVENTFDS) : c.one(['/dev/null', '-1']),
      gsi: gsi(c),
      ...(c.chance(40) ? { resample: c.chance(95) ? c.one(RESAMPLEFDS) : c.one(['a', '/dev/null', '-1']) } : {}),
      ...(c.chance(30) ? { deassign: true } : {}),
      ...(c.chance(2) ? { flags: c.one([4, 8]) } : {}),
    }),
  },
  { weight: 40, on: ALL, make: (c) => ({ op: 'efd_write', name: c.one(EVENTFDS), n: c.one([1, 1, 1, 2, 0]) }) },
  {
    weight: 12,
    on: ALL,
    make: (c) => ({ op: 'efd_read', name: c.one([...EVENTFDS, ...RESAMPLEFDS, ...RESAMPLEFDS]) }),
  },
  { weight: 2, on: ALL, make: (c) => ({ op: 'eventfd', name: c.one(EVENTFDS), initial: c.between(0, 2) }) },
  { weight: 1, on: ALL, make: (c) => ({ op: 'efd_close', name: c.one([...EVENTFDS, ...RESAMPLEFDS]) }) },
  { weight: 90, on: LAPICS, make: (c, n) => ({ op: 'ack', vcpu: vcpu(c, n) }) },
  {
    weight: 80,
    on: LAPICS,
    make: (c, n) => ({ op: 'eoi', vcpu: vcpu(c, n), how: c.one(['mmio', 'mmio', 'mmio', 'setmsr', 'wrmsr']) }),
  },
  {
    weight: 60,
    on: KERNEL,
    make: (c) => ({
      op: 'ioapic_redir',
      pin: c.chance(98) ? c.between(0, 23) : c.between(24, 119),
      value: c.chance(90) ? entry(c) : entryBits(c),
    }),
  },
  {
    weight: 8,
    on: KERNEL,
    make: (c) => ({ op: 'ioapic_read', reg: c.chance(70) ? c.between(0, 0x3f) : c.one([0x40, 0x7f, 0xff]) }),
  },
  {
    weight: 8,
    on: KERNEL,
    make: (c) => ({
      op: 'ioapic_write',
      reg: c.one([0, 1, 2, 3, 0x0f, 0x10, 0x11, 0x18, 0x1a, 0x40, 0xff]),
      value: Number(BigInt(entryBits(c)) & 0xffffffffn),
    }),
  },
  {
    weight: 50,
    on: LAPICS,
    make(c, n) {
      const { offset, value } = lapicWrite(c);
      return {
        op: 'mmio_write',
        vcpu: vcpu(c, n),
        addr: LAPIC_PAGE + offset + (c.chance(2) ? 4 : 0),
        value,
        ...(c.chance(3) ? { size: c.one([1, 2]) } : {}),
      };
    },
  },
  {
    weight: 25,
    on: LAPICS,
    make: (c, n) => ({
      op: 'mmio_read',
      vcpu: vcpu(c, n),
      addr: LAPIC_PAGE + lapicOffset(c) + (c.chance(5) ? c.between(1, 12) : 0),
      size: c.one([4, 4, 4, 1, 2]),
    }),
  },
  {
    weight: 6,
    on: ALL,
    make: (c, n) => ({
      op: 'mmio_read',
      vcpu: vcpu(c, n),
      addr: 0xfec00000 + c.one([0, 0x10, 0x20, 0x40, 0xf0, 0x100, 0x1000, 4, 0x12]),
      size: c.one([4, 1, 2]),
    }),
  },
  {
    weight: 4,
    on: ALL,
    make: (c, n) => ({
      op: 'mmio_write',
      vcpu: vcpu(c, n),
      addr: 0xfec00000 + c.one([0, 0x10, 0x20, 0x40, 0x100, 4]),
      value: c.between(0, 0x3f),
      size: c.one([4, 1, 2]),
    }),
  },
  {
    weight: 45,
    on: ALL,
    make(c, n) {
      const row = c.weighted(PIC_WRITES);
      return {
        op: 'out',
        vcpu: vcpu(c, n),
        port: c.one(row.ports),
        value: row.value(c),
        ...(c.chance(2) ? { size: c.one([2, 4]) } : {}),
      };
    },
  },
  {
    weight: 20,
    on: ALL,
    make: (c, n) => ({
      op: 'in',
      vcpu: vcpu(c, n),
      port: c.one([0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1, 0x22]),
      ...(c.chance(5) ? { size: c.one([2, 4]) } : {}),
    }),
  },
  { weight: 8, on: LAPICS, make: (c, n) => ({ op: 'set_msr', vcpu: vcpu(c, n), msr: 0x1b, value: hex(apicBase(c)) }) },
  { weight: 3, on: LAPICS, make: (c, n) => ({ op: 'wrmsr', vcpu: vcpu(c, n), msr: 0x1b, value: hex(apicBase(c)) }) },
  {
    weight: 30,
    on: LAPICS,
    make(c, n) {
      const { msr, value } = x2apicWrite(c);
      return { op: c.one(['wrmsr', 'set_msr']), vcpu: vcpu(c, n), msr, value: hex(value) };
    },
  },
  {
    weight: 12,
    on: LAPICS,
    make: (c, n) => ({
      op: c.one(['rdmsr', 'get_msr']),
      vcpu: vcpu(c, n),
      msr: c.chance(15) ? 0x1b : 0x800 + (lapicOffset(c) >> 4),
    }),
  },
  {
    weight: 8,
    on: KERNEL,
    make: (c) => ({
      op: 'ioapic_set',
      ...(c.chance(70) ? { irr: c.some([0, 3, 4, 8, 10, 11, 23], 3) } : {}),
      ...(c.chance(20) ? { id: c.between(0, 15) } : {}),
      redir: Array.from({ length: c.between(0, 2) }, () => ({ pin: c.between(0, 23), value: entryBits(c) })),
    }),
  },
  { weight: 8, on: KERNEL, make: (c) => ({ op: 'pic_set', chip: c.chance(98) ? c.between(0, 1) : 2, ...picState(c) }) },
  { weight: 12, on: LAPICS, make: (c, n) => ({ op: 'lapic_set', vcpu: vcpu(c, n), ...lapicState(c) }) },
  { weight: 3, on: ALL, make: (c) => ({ op: 'irqchip_get', chip: c.one([0, 1, 2, 2, 3]) }) },
  { weight: 2, on: LAPICS, make: (c, n) => ({ op: 'lapic_get', vcpu: vcpu(c, n) }) },
  { weight: 25, on: ALL, make: () => ({ op: 'sync' }) },
  { weight: 2, on: LAPICS, make: (c, n) => ({ op: 'set_mp_state', vcpu: vcpu(c, n), state: 0 }) },
  { weight: 2, on: ALL, make: (c, n) => ({ op: 'nmi', vcpu: vcpu(c, n) }) },
  {
    weight: 3,
    on: LAPICS,
    make: (c, n) => ({ op: 'interrupt', vcpu: vcpu(c, n), vector: c.one([0x41, 0x61, 255, 256]) }),
  },
  {
    weight: 1,
    on: ALL,
    make: (c) => (c.chance(50) ? { op: 'create_irqchip' } : { op: 'enable_split', pins: c.one([0, 24, 4097]) }),
  },
];
