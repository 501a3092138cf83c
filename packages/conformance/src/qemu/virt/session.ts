// A running virt machine with one of the three controllers.

import { num } from '../../arguments.ts';
import { type Op, OracleError } from '../../oracle.ts';
import { type Qemu, startQemu } from '../process.ts';
import { AGENT_FLAGS, type Agent, startAgent } from './agent.ts';
import { enableIts } from './its-set-up.ts';
import { MEMORY } from './map.ts';

/** Which controller a machine has. */
export type Controller = 'gicv2' | 'gicv3' | 'its';

/** A machine. */
export interface Session {
  readonly qemu: Qemu;
  readonly controller: Controller;
  readonly cpus: number;
  /** Where the input lines of the GIC are. */
  readonly gic: string;
  /** Null on a machine that stands still. */
  readonly agent: Agent | null;
  /** Offset of the next ITS command in its queue. */
  command: number;
  /** Changes of pins since the operation began. */
  pins: (readonly [edge: string, pin: number])[];
}

/** What a kind of machine is made of. */
interface Kind {
  readonly version: number;
  /** CPUs when nobody says, and at most: QEMU banks the registers of a GICv2 by the CPU that executes, and at qtest none does. */
  readonly cpus: { readonly usual: number; readonly most: number };
  readonly runs: boolean;
}

const KINDS: Readonly<Record<Controller, Kind>> = {
  gicv2: { version: 2, cpus: { usual: 1, most: 1 }, runs: false },
  gicv3: { version: 3, cpus: { usual: 2, most: 8 }, runs: false },
  its: { version: 3, cpus: { usual: 2, most: 8 }, runs: true },
};

/** A device of the board by its place: the CPUs come first, the GIC after them. */
const device = (n: number): string => `/machine/unattached/device[${n}]`;

/** Starts the machine that a `start` asks for: `backend` gicv2, gicv3 or its, `cpus`. */
export async function startSession(binary: string, op: Op): Promise<Session> {
  const controller = String(op['backend']) as Controller;
  const kind = KINDS[controller];
  if (kind === undefined) throw new OracleError(`start takes the backend gicv2, gicv3 or its, not ${controller}`);
  const cpus = num(op, 'cpus', kind.cpus.usual);
  if (cpus < 1 || cpus > kind.cpus.most) throw new OracleError(`${controller} takes 1 to ${kind.cpus.most} CPUs`);
  const machine = ['-machine', `virt,gic-version=${kind.version}`, '-cpu', 'cortex-a57', '-m', String(MEMORY)];
  const flags = [...machine, '-smp', String(cpus), ...(kind.runs ? AGENT_FLAGS : [])];
  const qemu = await startQemu(binary, flags);
  // Of several CPUs only the first one's pins can be seen: qtest intercepts one device.
  if (!kind.runs) await qemu.qtest(`irq_intercept_in ${device(0)}`);
  const agent = kind.runs ? await startAgent(qemu, cpus) : null;
  if (controller === 'its') await enableIts(qemu, cpus);
  return { qemu, controller, cpus, gic: device(cpus), agent, command: 0, pins: [] };
}
