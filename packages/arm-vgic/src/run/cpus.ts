// The CPU interfaces of a VM's vCPUs, and what their guests do there in one go.

import type { Context } from '../context.ts';
import { INSTRUCTIONS, type Instruction, instructionOf } from '../cpuif/instructions.ts';
import { type CpuPort, vtrOf } from '../cpuif/port.ts';
import { TRAP } from '../regs/icc.ts';
import type { VgicPaths } from '../vgic/paths.ts';
import type { RunLoop } from './run-loop.ts';

/** CPU interfaces. */
export interface Cpus {
  port(vcpu: number): CpuPort;
  /** Executes an instruction (an index of INSTRUCTIONS): what it reads, 0 for a write, or TRAP. */
  run(vcpu: number, what: number, value: number): number;
}

const STORE_DIR = instructionOf('str GICC_DIR');

/** Creates them, as a host of the options' kind has them after reset. */
export function createCpus({ state, options, profile, host }: Context): Cpus {
  const vtr = vtrOf(options);
  const trapped = options.traps ? profile.run.traps : null;
  const hasMmioDir = profile.lr.overflow !== 'underflow';
  const ports = Array.from({ length: options.vcpus }, (_, vcpu): CpuPort => {
    const c = state.interfaces.at(vcpu);
    const v = state.run.at(vcpu);
    v.priBits = vtr.priBits + 1;
    v.idBits = vtr.idBits;
    return { c, v, vtr, physical: host.deactivate, trapped, trapsDir: () => c.hcr.tdir === 1 };
  });
  return {
    port: (vcpu) => ports[vcpu] as CpuPort,
    run(vcpu, what, value) {
      if (what === STORE_DIR && hasMmioDir) return TRAP;
      return (INSTRUCTIONS[what] as Instruction).run(ports[vcpu] as CpuPort, value);
    },
  };
}

/** What a guest does at its CPU interface, exits included. */
export interface GuestCpu {
  /** Executes an instruction; what it reads, 0 for a write. */
  execute(vcpu: number, what: number, value: number): number;
  /** Reads IAR of a group: the number that is taken, 1023 for none. */
  acknowledge(vcpu: number, group: number): number;
  /** Writes EOIR of a group. */
  endOfInterrupt(vcpu: number, group: number, intid: number): void;
}

/** IAR and EOIR by group; a GICv2 has aliases for group 1. */
const BY_MODEL = {
  2: {
    iar: ['ldr GICC_IAR', 'ldr GICC_AIAR'].map(instructionOf),
    eoir: ['str GICC_EOIR', 'str GICC_AEOIR'].map(instructionOf),
  },
  3: {
    iar: ['mrs ICC_IAR0_EL1', 'mrs ICC_IAR1_EL1'].map(instructionOf),
    eoir: ['msr ICC_EOIR0_EL1', 'msr ICC_EOIR1_EL1'].map(instructionOf),
  },
} as const;

/** What {@link createGuestCpu} needs. */
export interface GuestParts {
  readonly cpus: Cpus;
  readonly run: RunLoop;
  readonly paths: VgicPaths;
}

/** Creates it. A DIR that traps is done between an exit and an entry. */
export function createGuestCpu({ state }: Context, { cpus, run, paths }: GuestParts): GuestCpu {
  const { dist } = state;
  const trap = (vcpu: number, value: number): void => run.intercepted(vcpu, () => paths.deactivate(vcpu, value));

  function execute(vcpu: number, what: number, value: number): number {
    const visits = !run.isIn(vcpu);
    if (visits) run.enter(vcpu);
    else run.takeKick(vcpu);
    const read = cpus.run(vcpu, what, value);
    if (read === TRAP) trap(vcpu, value);
    else if (!visits) run.takeMaintenance(vcpu);
    if (visits) run.exit(vcpu);
    return read === TRAP ? 0 : read;
  }
  return {
    execute,
    acknowledge: (vcpu, group) => execute(vcpu, BY_MODEL[dist.model === 2 ? 2 : 3].iar[group] as number, 0),
    endOfInterrupt(vcpu, group, intid) {
      execute(vcpu, BY_MODEL[dist.model === 2 ? 2 : 3].eoir[group] as number, intid);
    },
  };
}
