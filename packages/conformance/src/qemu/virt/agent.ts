// A few instructions on every CPU that carry out one instruction at a time out of a mailbox: the CPU interface of a GICv3 has no addresses.

import { hex } from '../../arguments.ts';
import { OracleError } from '../../oracle.ts';
import type { Qemu } from '../process.ts';
import { AGENT } from './map.ts';
import { offsetOf, SYSTEM_REGISTERS } from './registers.ts';

/** Instructions of a CPU's mailbox: request, then x0 to x3. */
const CODE: readonly number[] = [
  0xd53800a9, // mrs x9, mpidr_el1
  0x92401d29, // and x9, x9, #0xff
  0xd2a8202a, // movz x10, #0x4101, lsl #16
  0x8b09314a, // add x10, x10, x9, lsl #12
  0xf940014b, // poll: ldr x11, [x10]
  0xb4ffffeb, // cbz x11, poll
  0xa9408540, // ldp x0, x1, [x10, #8]
  0xa9418d42, // ldp x2, x3, [x10, #24]
  0xd503201f, // the instruction that is asked for
  0xd5033fdf, // isb
  0xf9000540, // str x0, [x10, #8]
  0xd5033fbf, // dmb sy
  0xf900015f, // str xzr, [x10]
  0x17fffff7, // b poll
];
const SLOT = AGENT.code + 4 * 8;
const HVC = 0xd4000002;
const MRS = 0xd5380000;
const MSR = 0xd5180000;
/** PSCI: CPU_ON in its 64-bit form. */
const CPU_ON = 0xc4000003;
/** Looks at a mailbox before a CPU is given up. */
const PATIENCE = 100_000;

/** Somebody who executes on a CPU. */
export interface Agent {
  /** ICC_*_EL1 by name. */
  mrs(cpu: number, register: string): Promise<bigint>;
  msr(cpu: number, register: string, value: bigint): Promise<undefined>;
}

/** Arguments of QEMU: CPU 0 begins in the agent. */
export const AGENT_FLAGS: readonly string[] = ['-device', `loader,addr=${hex(AGENT.code)},cpu-num=0`];

/** Executes one instruction with x0 to x3; what x0 is afterwards. */
async function execute(qemu: Qemu, cpu: number, instruction: number, x: readonly bigint[]): Promise<bigint> {
  const mailbox = AGENT.mailboxes + cpu * AGENT.mailboxSize;
  const stores = x.map((value, n) => qemu.qtest(`writeq ${hex(mailbox + 8 + 8 * n)} ${hex(value)}`));
  await Promise.all([qemu.qtest(`writel ${hex(SLOT)} ${hex(instruction)}`), ...stores]);
  await qemu.qtest(`writeq ${hex(mailbox)} 0x1`);
  for (let i = 0; i < PATIENCE; i++)
    if (BigInt(await qemu.qtest(`readq ${hex(mailbox)}`)) === 0n)
      return BigInt(await qemu.qtest(`readq ${hex(mailbox + 8)}`));
  throw new OracleError(`CPU ${cpu} does not come back from instruction ${hex(instruction)}`);
}

/** Lets the machine run, with an agent on each of its CPUs. */
export async function startAgent(qemu: Qemu, cpus: number): Promise<Agent> {
  await Promise.all(CODE.map((word, n) => qemu.qtest(`writel ${hex(AGENT.code + 4 * n)} ${hex(word)}`)));
  await qemu.monitor('cont');
  for (let cpu = 1; cpu < cpus; cpu++) {
    const status = await execute(qemu, 0, HVC, [BigInt(CPU_ON), BigInt(cpu), BigInt(AGENT.code), 0n]);
    if (status !== 0n) throw new OracleError(`CPU_ON of CPU ${cpu}: ${BigInt.asIntN(64, status)}`);
  }
  return {
    mrs: (cpu, register) => execute(qemu, cpu, MRS + offsetOf(SYSTEM_REGISTERS, register), []),
    async msr(cpu, register, value) {
      await execute(qemu, cpu, MSR + offsetOf(SYSTEM_REGISTERS, register), [value]);
      return undefined;
    },
  };
}
