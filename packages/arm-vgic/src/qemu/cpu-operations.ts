// Words of a CPU: its interface to a GICv3, register by register.

import { EINVAL } from '@virq/irq-core/errors';
import type { ArgSpec, Args, Operation, OpResult } from '@virq/irq-core/machine';
import { hex, int, n } from '../vocabulary/args.ts';
import { CPU, onCpu, only } from './gic-operations.ts';
import { systemRegister } from './gicv3/system-registers.ts';
import { executes, type Virt } from './machine.ts';

type Op = Operation<{ readonly virt: Virt }>;

const group: ArgSpec = int('group: 0 (FIQ) or 1 (IRQ)', { min: 0, max: 1, default: 1 });
const intid: ArgSpec = { type: 'u64', doc: 'INTID as IAR gave it' };
const reg: ArgSpec = { type: 'name', of: 'a system register', doc: 'as the manual spells it' };
const el: ArgSpec = int('exception level that executes; that of the agent if not said', {
  min: 1,
  max: 2,
  optional: true,
});

/** The level at which the agent executes. */
const levelOf = ({ backend }: Virt, args: Args): number =>
  (args['el'] as number | undefined) ?? (backend === 'gicv3-cpu' ? 2 : 1);

/** Reads a register; null if it cannot be. */
function read(m: Virt, args: Args, name: string): number | bigint | null {
  const cpu = n(args, 'cpu');
  return systemRegister(m, { cpu, el: levelOf(m, args) }, name)?.read?.(m, cpu) ?? null;
}

/** Writes a register: -EINVAL where the instruction would be undefined. */
function write(m: Virt, args: Args, name: string, value: bigint): OpResult {
  const cpu = n(args, 'cpu');
  const { write: store } = systemRegister(m, { cpu, el: levelOf(m, args) }, name) ?? {};
  if (store === undefined) return { ret: -EINVAL };
  store(m, cpu, value);
  return { ret: 0 };
}

const EOI_MODE = 2n;

/** Opens the priority mask, sets how interrupts end, enables group 1. */
function setUp(m: Virt, args: Args): OpResult {
  write(m, args, 'ICC_PMR_EL1', BigInt(n(args, 'pmr')));
  const control = BigInt(read(m, args, 'ICC_CTLR_EL1') ?? 0);
  write(m, args, 'ICC_CTLR_EL1', n(args, 'eoimode') === 1 ? control | EOI_MODE : control & ~EOI_MODE);
  return write(m, args, 'ICC_IGRPEN1_EL1', 1n);
}

const instruction = (summary: string, args: Op['args'], run: (m: Virt, args: Args) => OpResult): Op => ({
  summary,
  args: { ...args, cpu: CPU, el },
  run: only(
    executes,
    onCpu((m, _cpu, given) => run(m, given)),
  ),
});

/** The operations. */
export const CPU_OPERATIONS: Readonly<Record<string, Op>> = {
  cpu_setup: instruction(
    'a CPU opens its interface: priority mask, how interrupts end, group 1',
    {
      pmr: int('ICC_PMR_EL1', { min: 0, max: 0xff, default: 0xff }),
      eoimode: int('ICC_CTLR_EL1.EOImode', { min: 0, max: 1, default: 0 }),
    },
    setUp,
  ),
  iar: instruction('a CPU acknowledges', { group }, (m, args) => ({
    ret: 0,
    out: { intid: Number(read(m, args, `ICC_IAR${n(args, 'group')}_EL1`)) },
  })),
  eoir: instruction('a CPU ends an interrupt', { group, intid }, (m, args) =>
    write(m, args, `ICC_EOIR${n(args, 'group')}_EL1`, args['intid'] as bigint),
  ),
  dir: instruction('a CPU deactivates an interrupt', { intid }, (m, args) =>
    write(m, args, 'ICC_DIR_EL1', args['intid'] as bigint),
  ),
  mrs: instruction('a CPU reads a system register', { reg }, (m, args) => {
    const value = read(m, args, args['reg'] as string);
    return value === null ? { ret: -EINVAL } : { ret: 0, out: { value: hex(value) } };
  }),
  msr: instruction('a CPU writes a system register', { reg, value: { type: 'u64', doc: 'value' } }, (m, args) =>
    write(m, args, args['reg'] as string, args['value'] as bigint),
  ),
};
