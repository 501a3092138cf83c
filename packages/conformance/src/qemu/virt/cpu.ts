// Operations that a CPU carries out: its interface to a GICv3, register by register. Sheet: 8; IHI 0069 12.2.

import { hex, num, u64 } from '../../arguments.ts';
import { type Op, OracleError } from '../../oracle.ts';
import type { Run } from '../oracle.ts';
import type { Agent } from './agent.ts';
import type { Session } from './session.ts';

const PRIORITY_MASK = 0xff;
/** ICC_CTLR_EL1.EOImode. */
const EOI_MODE = 1n << 1n;

function agentOf({ agent }: Session): Agent {
  if (agent === null) throw new OracleError('this machine stands still: only the backend its has CPUs that execute');
  return agent;
}

/** ICC_`name``group`_EL1; group 1 when nobody says. */
const grouped = (name: string, op: Op): string => `ICC_${name}${num(op, 'group', 1)}_EL1`;

/** The operations. */
export const CPU_OPERATIONS: Readonly<Record<string, Run<Session>>> = {
  /** Opens the priority mask, sets how interrupts end, enables group 1. */
  async cpu_setup(s, op) {
    const [agent, cpu] = [agentOf(s), num(op, 'cpu')];
    await agent.msr(cpu, 'ICC_PMR_EL1', BigInt(num(op, 'pmr', PRIORITY_MASK)));
    const control = await agent.mrs(cpu, 'ICC_CTLR_EL1');
    await agent.msr(cpu, 'ICC_CTLR_EL1', num(op, 'eoimode') === 1 ? control | EOI_MODE : control & ~EOI_MODE);
    return agent.msr(cpu, 'ICC_IGRPEN1_EL1', 1n);
  },
  iar: async (s, op) => ({ intid: Number(await agentOf(s).mrs(num(op, 'cpu'), grouped('IAR', op))) }),
  eoir: (s, op) => agentOf(s).msr(num(op, 'cpu'), grouped('EOIR', op), u64(op['intid'])),
  dir: (s, op) => agentOf(s).msr(num(op, 'cpu'), 'ICC_DIR_EL1', u64(op['intid'])),
  mrs: async (s, op) => ({ value: hex(await agentOf(s).mrs(num(op, 'cpu'), String(op['reg']))) }),
  msr: (s, op) => agentOf(s).msr(num(op, 'cpu'), String(op['reg']), u64(op['value'])),
};
