// Events of the host's interrupt layer: include/trace/events/{irq,ipi,irq_matrix}.h, arch/x86/include/asm/trace/irq_vectors.h.
import { accept, type Cursor, decimal, expect, literal, oneOf, signed } from '../lines/cursor.ts';
import { type Decoder, name, rest } from './decoder.ts';

const IRQ = literal('irq=');
const NAME = literal(' name=');
const RET = literal(' ret=');
const RETURNS = ['unhandled', 'handled'].map(literal);
const VEC = literal('vec=');
const ACTION = literal(' [action=');
const CLOSE = literal(']');
const VECTOR = literal('vector=');
const SPACE_VECTOR = literal(' vector=');
const BIT = literal('bit=');
const CPU = literal('cpu=');
const CPUMASK = literal('cpumask=');
const ONLINE = literal('online_maps=');

const softirq: Decoder = (c, e, names) => {
  e.vector = decimal(c, VEC);
  expect(c, ACTION);
  e.register = name(c, names);
  expect(c, CLOSE);
};

/** `irq=N [vector=N] …`: the management of host vectors. */
const hostVector: Decoder = (c, e) => {
  e.irq = decimal(c, IRQ);
  if (accept(c, SPACE_VECTOR)) e.vector = decimal(c, literalNothing);
  rest(c);
};
const literalNothing = literal('');

/** `vector=N`: a system vector's handler. */
const systemVector: Decoder = (c, e) => {
  e.vector = signed(c, VECTOR);
};

const matrix: Decoder = (c) => {
  if (accept(c, BIT)) signed(c, literalNothing);
  else expect(c, ONLINE);
  rest(c);
};

const ipi: Decoder = (c: Cursor) => {
  if (!accept(c, CPU)) expect(c, CPUMASK);
  rest(c);
};

const VECTOR_EVENTS = [
  'config',
  'update',
  'clear',
  'alloc',
  'alloc_managed',
  'reserve',
  'reserve_managed',
  'activate',
  'deactivate',
  'setup',
  'teardown',
  'free_moved',
];
const SYSTEM_VECTORS = [
  'local_timer',
  'reschedule',
  'call_function',
  'call_function_single',
  'irq_work',
  'x86_platform_ipi',
  'spurious_apic',
  'error_apic',
  'thermal_apic',
  'threshold_apic',
  'deferred_error_apic',
];
const MATRIX_EVENTS = [
  'online',
  'offline',
  'reserve',
  'remove_reserved',
  'assign_system',
  'reserve_managed',
  'remove_managed',
  'alloc_managed',
  'assign',
  'alloc',
  'free',
];

function family(decoder: Decoder, names: readonly string[]): Record<string, Decoder> {
  return Object.fromEntries(names.map((key) => [key, decoder]));
}

/** Tracepoint → decoder. */
export const HOST: Readonly<Record<string, Decoder>> = {
  irq_handler_entry: (c, e, names) => {
    e.irq = decimal(c, IRQ);
    expect(c, NAME);
    let end = c.end;
    while (end > c.at && (c.bytes[end - 1] as number) <= 0x20) end--;
    e.handler = names.text(Math.max(0, names.intern(c.bytes, c.at, end)));
    rest(c);
  },
  irq_handler_exit: (c, e) => {
    e.irq = decimal(c, IRQ);
    expect(c, RET);
    e.handled = oneOf(c, RETURNS);
  },
  ...family(softirq, ['softirq_raise', 'softirq_entry', 'softirq_exit']),
  ...family(
    hostVector,
    VECTOR_EVENTS.map((event) => `vector_${event}`),
  ),
  ...family(
    systemVector,
    SYSTEM_VECTORS.flatMap((vector) => [`${vector}_entry`, `${vector}_exit`]),
  ),
  ...family(
    matrix,
    MATRIX_EVENTS.map((event) => `irq_matrix_${event}`),
  ),
  ...family(ipi, ['ipi_send_cpu', 'ipi_send_cpumask']),
};
