// Words of a q35 machine under qtest, as its vectors are recorded: lines, registers, messages. No CPU runs, so nothing is acknowledged.

import type { ArgSpec, Args, Operation, OpResult, Vocabulary } from '@virq/irq-core/machine';
import type { X86Chip, X86Options } from '../chip.ts';
import { lapicIrq } from '../destination.ts';
import { IOAPIC_BASE } from '../ioapic-regs.ts';
import { bit, hex, int, n } from '../vocabulary/args.ts';
import { REDIRECTION_ENTRY, redirection } from '../vocabulary/redirection.ts';
import { QEMU_OBSERVE } from './observe.ts';

type Op = Operation<X86Chip>;
const DONE: OpResult = { ret: 0 };

/** Offsets of the IOAPIC's page; its registers repeat every 256 bytes. */
const OFFSET = { SELECT: 0, WINDOW: 0x10, EOI: 0x40 } as const;

/** One store. The window and the EOI register take four bytes only. */
function store(c: X86Chip, offset: number, value: number, size: number): void {
  const at = offset & 0xff;
  if (at !== OFFSET.SELECT && size !== 4) return;
  c.ioapicRegs.write(at, size === 4 ? value : value & (2 ** (8 * size) - 1));
}

function load(c: X86Chip, offset: number, size: number): number {
  const at = offset & 0xff;
  if (at === OFFSET.WINDOW && size !== 4) return 0;
  const value = c.ioapicRegs.read(at);
  return size === 4 ? value : value & (2 ** (8 * size) - 1);
}

function writeRegister(c: X86Chip, index: number, value: number): void {
  store(c, OFFSET.SELECT, index, 4);
  store(c, OFFSET.WINDOW, value, 4);
}

/** Messages are the same whether a device or the IOAPIC sends them. QEMU: apic_send_msi. */
function send(c: X86Chip, address: number, data: number): OpResult {
  const irq = lapicIrq();
  irq.dest = (address >>> 12) & 0xff;
  irq.logical = (address >> 2) & 1;
  irq.vector = data & 0xff;
  irq.dm = (data >> 8) & 7;
  irq.trigger = (data >> 15) & 1;
  c.delivery.deliver(irq);
  return DONE;
}

const size: ArgSpec = int('bytes of the access: 1, 2 or 4', { min: 1, max: 4, default: 4 });
const addr: ArgSpec = int('address in the IOAPIC page', { min: IOAPIC_BASE, max: IOAPIC_BASE + 0xfff });

const OPERATIONS: Readonly<Record<string, Op>> = {
  reg: {
    summary: 'reads an IOAPIC register, or writes it when a value is given',
    args: { reg: int('register index', { max: 255 }), value: int('value', { optional: true }) },
    run(c, args) {
      if (args['value'] !== undefined) {
        writeRegister(c, n(args, 'reg'), n(args, 'value'));
        return DONE;
      }
      store(c, OFFSET.SELECT, n(args, 'reg'), 4);
      return { ret: 0, out: { value: hex(load(c, OFFSET.WINDOW, 4)) } };
    },
  },
  redir: {
    summary: 'writes a redirection entry, high word first',
    args: { pin: int('pin', { max: 119 }), value: REDIRECTION_ENTRY },
    run(c, args) {
      const entry = redirection(args['value']);
      const index = 0x10 + 2 * n(args, 'pin');
      writeRegister(c, index + 1, Number(entry >> 32n));
      writeRegister(c, index, Number(entry & 0xffffffffn));
      return DONE;
    },
  },
  line: {
    summary: 'sets the level of an input line of the IOAPIC',
    args: { n: int('line', { max: 23 }), level: bit('1 asserted') },
    run(c, args) {
      const line = n(args, 'n');
      c.ioapic.setPin(line === 0 ? c.context.ioapicProfile.pinOfIrq0 : line, 0, n(args, 'level'), false);
      return DONE;
    },
  },
  eoi: {
    summary: 'ends a vector through the EOI register',
    args: { vector: int('vector', { max: 255 }) },
    run(c, args) {
      store(c, OFFSET.EOI, n(args, 'vector'), 4);
      return DONE;
    },
  },
  msi: {
    summary: 'a device stores a message',
    args: { addr: int('0xfeexxxxx', { min: 0xfee00000, max: 0xfeefffff }), data: int('MSI data') },
    run: (c, args) => send(c, n(args, 'addr'), n(args, 'data')),
  },
  read: {
    summary: 'a load from the IOAPIC page',
    args: { addr, size },
    run: (c, args) => ({ ret: 0, out: { value: hex(load(c, n(args, 'addr') - IOAPIC_BASE, n(args, 'size'))) } }),
  },
  write: {
    summary: 'a store to the IOAPIC page',
    args: { addr, value: int('value'), size },
    run(c, args) {
      store(c, n(args, 'addr') - IOAPIC_BASE, n(args, 'value'), n(args, 'size'));
      return DONE;
    },
  },
};

/** Options of a machine from checked `start` arguments. */
export const qemuOptions = (args: Args): X86Options => ({
  implementation: 'qemu',
  irqchip: 'kernel',
  vcpus: (args['cpus'] as number | undefined) ?? 1,
  lapicEnable: false,
  splitPins: 0,
  x2apicApi: 0,
  bootCpu: 0,
  vectorHashing: true,
  apicIds: [],
  apicv: 'none',
  ipiv: true,
  updatePiIrte: undefined,
});

/** The vocabulary. */
export const qemuVocabulary: Vocabulary<X86Chip> = {
  start: { op: 'start', vcpus: 'cpus' },
  vm: {
    backend: { type: 'enum', values: ['ioapic'], default: 'ioapic', doc: 'the q35 machine' },
    cpus: int('number of CPUs', { min: 1, max: 255, default: 1 }),
  },
  operations: OPERATIONS,
  observe: QEMU_OBSERVE,
  observeDefault: ['redir', 'lapic'],
};
