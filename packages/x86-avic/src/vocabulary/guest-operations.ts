// What guest code can do: accesses through memory, ports and MSRs, taking and ending interrupts.

import type { Args, Operation, OpResult } from '@virq/irq-core/machine';
import type { X86Chip } from '../chip.ts';
import { IOAPIC_BASE } from '../ioapic-regs.ts';
import { isHwEnabled } from '../lapic.ts';
import { hex, int, n, vcpu } from './args.ts';
import { REDIRECTION_ENTRY, redirection } from './redirection.ts';

type Op = Operation<X86Chip>;

const done = (exit = 'done'): OpResult => ({ ret: 0, out: { exit } });

/** An operation of one vCPU. */
const onVcpu = (summary: string, args: Op['args'], run: (c: X86Chip, vcpu: number, args: Args) => OpResult): Op => ({
  summary,
  args: { vcpu, ...args },
  run: (c, given) => run(c, n(given, 'vcpu'), given),
});

/** The same when the guest runs: it may stop at KVM_EXIT_IOAPIC_EOI (split irqchip) after the access. */
const inGuest = (summary: string, args: Op['args'], run: (c: X86Chip, vcpu: number, args: Args) => OpResult): Op =>
  onVcpu(summary, args, (c, v, given) => {
    const result = run(c, v, given);
    if (result.out === undefined) return result;
    const vector = c.guest.takeEoiExit(v);
    return vector < 0 ? result : { ...result, out: { ...result.out, exit: 'ioapic_eoi', vector } };
  });

const address = int('guest physical address');
const size = int('bytes of the access', { min: 1, max: 8, default: 4 });
const msr = int('MSR number');
const PPR = 0xa0;

/** IF=1 for one entry: the CPU takes what is pending. */
function openWindow(c: X86Chip, v: number): OpResult {
  c.guest.enter(v);
  const vector = c.guest.acknowledge(v);
  if (vector < 0) return done('halt');
  const { profile, trace } = c.context;
  if (profile.injectionCompletesEoi) c.lapicRegs.write(v, 0xb0, 0);
  else if (trace.on) trace.emit('kvm_inj_virq', { vector, soft: 0, reinjected: 0 });
  return { ret: 0, out: { exit: 'vector', vector } };
}

/**
 * What the CPU does on injection, done from outside as the recordings do it: the guest reads PPR, KVM_SET_LAPIC moves the vector
 * from IRR to ISR, the guest reads PPR again (a LAPIC that is off has no PPR to read). As every KVM_SET_LAPIC it makes all vCPUs rescan the IOAPIC.
 */
function acknowledge(c: X86Chip, v: number): OpResult {
  if (c.apicv.mode.isIn(v)) {
    const vector = c.guest.take(v);
    return { ret: 0, out: { vector: vector < 0 ? null : vector } };
  }
  const readPpr = (): void => {
    c.guest.enter(v);
    if (isHwEnabled(c.lapics.at(v))) c.lapicRegs.read(v, PPR);
  };
  readPpr();
  const vector = c.lapics.deliverable(v);
  if (vector < 0) return { ret: 0, out: { vector: null } };
  const a = c.lapics.at(v);
  c.saveRestore.setLapic(v, { irr: a.irr.list().filter((x) => x !== vector), isr: [...a.isr.list(), vector] });
  readPpr();
  return { ret: 0, out: { vector } };
}

function endOfInterrupt(c: X86Chip, v: number, how: string): OpResult {
  if (how === 'mmio') {
    c.guest.mmioWrite(v, 0xfee000b0, 4, 0);
    return done();
  }
  if (how === 'setmsr') return { ret: c.msrs.write(v, 0x80b, 0n, true) === true ? 1 : 0 };
  return done(c.guest.writeMsr(v, 0x80b, 0n));
}

function writeRegister(c: X86Chip, index: number, value: number): void {
  c.guest.mmioWrite(0, IOAPIC_BASE, 4, index);
  c.guest.mmioWrite(0, IOAPIC_BASE + 0x10, 4, value);
}

/** Guest operations by name. */
export const GUEST_OPERATIONS: Readonly<Record<string, Op>> = {
  ack: onVcpu('the CPU accepts the highest deliverable interrupt: IRR → ISR', {}, acknowledge),
  eoi: inGuest(
    'end of interrupt',
    {
      how: {
        type: 'enum',
        values: ['mmio', 'wrmsr', 'setmsr'],
        default: 'mmio',
        doc: 'by a store, by WRMSR in the guest, or by KVM_SET_MSRS',
      },
    },
    (c, v, args) => endOfInterrupt(c, v, args['how'] as string),
  ),
  mmio_read: inGuest('guest load', { addr: address, size }, (c, v, args) => {
    const { exit, value } = c.guest.mmioRead(v, n(args, 'addr'), n(args, 'size'));
    return { ret: 0, out: { exit, value: hex(value) } };
  }),
  mmio_write: inGuest('guest store', { addr: address, value: int('value'), size }, (c, v, args) =>
    done(c.guest.mmioWrite(v, n(args, 'addr'), n(args, 'size'), n(args, 'value'))),
  ),
  in: inGuest(
    'guest IN',
    { port: int('I/O port', { max: 0xffff }), size: int('bytes', { min: 1, max: 4, default: 1 }) },
    (c, v, args) => {
      c.guest.enter(v);
      const { exit, value } = c.guest.portRead(v, n(args, 'port'), n(args, 'size'));
      return { ret: 0, out: { exit, value: hex(value) } };
    },
  ),
  out: inGuest(
    'guest OUT',
    { port: int('I/O port', { max: 0xffff }), value: int('value'), size: int('bytes', { min: 1, max: 4, default: 1 }) },
    (c, v, args) => {
      c.guest.enter(v);
      return done(c.guest.portWrite(v, n(args, 'port'), n(args, 'size'), n(args, 'value')));
    },
  ),
  rdmsr: inGuest('guest RDMSR', { msr }, (c, v, args) => {
    const { exit, value } = c.guest.readMsr(v, n(args, 'msr'));
    return { ret: 0, out: { exit, value: hex(value) } };
  }),
  wrmsr: inGuest('guest WRMSR', { msr, value: { type: 'u64', doc: 'value' } }, (c, v, args) =>
    done(c.guest.writeMsr(v, n(args, 'msr'), args['value'] as bigint)),
  ),
  mov_to_cr8: inGuest('guest MOV to CR8', { value: int('the TPR class', { max: 0xff }) }, (c, v, args) => {
    c.guest.enter(v);
    return done(c.guest.writeCr8(v, n(args, 'value')) ? 'done' : 'gp');
  }),
  mov_from_cr8: inGuest('guest MOV from CR8', {}, (c, v) => {
    c.guest.enter(v);
    return { ret: 0, out: { exit: 'done', value: hex(c.guest.readCr8(v)) } };
  }),
  ioapic_read: {
    summary: 'reads an IOAPIC register through IOREGSEL and IOWIN',
    args: { reg: int('register index', { max: 255 }) },
    run(c, args) {
      c.guest.mmioWrite(0, IOAPIC_BASE, 4, n(args, 'reg'));
      return { ret: 0, out: { exit: 'done', value: hex(c.guest.mmioRead(0, IOAPIC_BASE + 0x10, 4).value) } };
    },
  },
  ioapic_write: {
    summary: 'writes an IOAPIC register through IOREGSEL and IOWIN',
    args: { reg: int('register index', { max: 255 }), value: int('value') },
    run(c, args) {
      writeRegister(c, n(args, 'reg'), n(args, 'value'));
      return done();
    },
  },
  ioapic_redir: {
    summary: 'writes a redirection entry, high word first',
    args: {
      pin: int('pin', { max: 119 }),
      value: REDIRECTION_ENTRY,
    },
    run(c, args) {
      const entry = redirection(args['value']);
      const index = 0x10 + 2 * n(args, 'pin');
      writeRegister(c, index + 1, Number(entry >> 32n));
      writeRegister(c, index, Number(entry & 0xffffffffn));
      return done();
    },
  },
  window: inGuest('one entry with interrupts enabled', {}, openWindow),
  hlt: inGuest('the vCPU halts with interrupts enabled; wakes at once if something is pending', {}, (c, v) => {
    c.guest.enter(v);
    if (c.guest.hasExtint(v) || c.guest.pending(v) >= 0) return openWindow(c, v);
    c.context.kvm.vcpus.block(v);
    return done('halt');
  }),
};
