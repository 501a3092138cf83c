// Events that show what the guest did: port and memory accesses, MSRs, local APIC registers, entries and exits
// (include/trace/events/kvm.h, arch/x86/kvm/trace.h, arch/arm64/kvm/trace_arm.h). A replay feeds on these.
import { accept, address, type Cursor, decimal, expect, hex, literal, oneOf, signed } from '../lines/cursor.ts';
import { type Decoder, name, rest } from './decoder.ts';
import { DELIVERY_MODES, type TraceEvent } from './trace-event.ts';

const PIO = ['pio_read at ', 'pio_write at '].map(literal);
const SIZE = literal(' size ');
const COUNT = literal(' count ');
const VAL = literal(' val ');
const MORE = literal(' (...)');
const MMIO = ['mmio read len ', 'mmio write len ', 'mmio unsatisfied-read len '].map(literal);
const GPA = literal(' gpa ');
const APIC = ['apic_read ', 'apic_write '].map(literal);
const APIC_PREFIX = literal('APIC_');
const EQUALS = literal(' = ');
const MSR = ['msr_read ', 'msr_write '].map(literal);
const GP = literal(' (#GP)');
const DST = literal('dst ');
const VEC = literal(' vec ');
const OPEN = literal(' (');
const BAR = literal('|');
const CLOSE = literal(')');
const MODES = DELIVERY_MODES.map(literal);
const DESTINATION_MODES = ['physical', 'logical'].map(literal);
const ASSERTIONS = ['de-assert', 'assert'].map(literal);
const TRIGGERS = ['edge', 'level'].map(literal);
const VCPU = literal('vcpu ');
const RIP = literal(', rip ');
const PC = literal('PC: ');
const REASON = literal('reason ');
const SPACE_REASON = literal(' reason ');
const SPACE_RIP = literal(' rip ');
const ERROR = literal('error (');
const RESTART = literal('restart (');
const SPACE_OPEN = literal(' (');
const ARM_HSR = literal(': HSR_EC: ');
const ARM_PC = literal('PC: ');
const WAITS = ['wait time ', 'poll time '].map(literal);
const NS = literal(' ns, polling ');
const VALIDITY = ['invalid', 'valid'].map(literal);
const HALT = literal(': halt_poll_ns ');
const NOTHING = literal('');

function value(c: Cursor, e: TraceEvent, before: Uint8Array): void {
  e.valueLow = hex(c, before);
  e.valueHigh = c.high;
}

/** Tracepoint → decoder. */
export const GUEST_INPUT: Readonly<Record<string, Decoder>> = {
  kvm_pio: (c, e) => {
    e.write = oneOf(c, PIO);
    e.address = hex(c, NOTHING);
    e.size = decimal(c, SIZE);
    e.count = decimal(c, COUNT);
    value(c, e, VAL);
    accept(c, MORE);
  },
  kvm_mmio: (c, e) => {
    e.write = oneOf(c, MMIO);
    e.size = decimal(c, NOTHING);
    e.address = address(c, GPA);
    value(c, e, VAL);
  },
  kvm_apic: (c, e, names) => {
    e.write = oneOf(c, APIC);
    accept(c, APIC_PREFIX);
    e.register = name(c, names);
    value(c, e, EQUALS);
  },
  kvm_msr: (c, e) => {
    e.write = oneOf(c, MSR);
    e.address = hex(c, NOTHING);
    value(c, e, EQUALS);
    e.soft = Number(accept(c, GP));
  },
  kvm_apic_ipi: (c, e, names) => {
    e.dst = hex(c, DST);
    e.vector = decimal(c, VEC);
    expect(c, OPEN);
    e.deliveryMode = oneOf(c, MODES);
    expect(c, BAR);
    e.logical = oneOf(c, DESTINATION_MODES);
    expect(c, BAR);
    e.level = oneOf(c, ASSERTIONS);
    expect(c, BAR);
    e.trigger = oneOf(c, TRIGGERS);
    expect(c, BAR);
    e.register = name(c, names);
    expect(c, CLOSE);
  },
  kvm_entry: (c, e) => {
    if (accept(c, PC)) {
      e.vcpu = -1;
      e.address = address(c, NOTHING);
    } else {
      e.vcpu = decimal(c, VCPU);
      if (accept(c, RIP)) e.address = address(c, NOTHING);
    }
    rest(c);
  },
  kvm_exit: (c, e, names) => {
    e.vcpu = accept(c, VCPU) ? decimal(c, NOTHING) : -1;
    if (e.vcpu >= 0 ? accept(c, SPACE_REASON) : accept(c, REASON)) {
      e.register = name(c, names);
      e.address = address(c, SPACE_RIP);
    } else armExit(c, e, names);
    rest(c);
  },
  kvm_userspace_exit: (c, e, names) => {
    expect(c, REASON);
    e.reason = 0;
    e.error = 0;
    if (accept(c, RESTART) || accept(c, ERROR)) {
      const number = signed(c, NOTHING);
      e.error = number > 0 ? -number : number;
      e.register = '';
    } else {
      e.register = name(c, names);
      e.reason = signed(c, SPACE_OPEN);
    }
    expect(c, CLOSE);
  },
  kvm_vcpu_wakeup: (c, e) => {
    e.write = oneOf(c, WAITS);
    e.count = signed(c, NOTHING);
    expect(c, NS);
    e.handled = oneOf(c, VALIDITY);
  },
  kvm_halt_poll_ns: (c, e) => {
    e.vcpu = decimal(c, VCPU);
    e.count = decimal(c, HALT);
    rest(c);
  },
};

/** `TRAP: HSR_EC: 0x0024 (DABT_LOW), PC: 0x…` */
const armExit: Decoder = (c, e, names) => {
  const from = c.at;
  while (c.at < c.end && c.bytes[c.at] !== 0x3a) c.at++;
  const id = names.intern(c.bytes, from, c.at);
  e.register = names.text(Math.max(0, id));
  expect(c, ARM_HSR);
  e.reason = hex(c, NOTHING);
  while (c.ok && c.at < c.end && !accept(c, ARM_PC)) c.at++;
  e.address = address(c, NOTHING);
};
