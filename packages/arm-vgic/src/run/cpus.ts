// The CPU interfaces of a VM's vCPUs, and what their guests do there in one go.

import type { Context } from '../context.ts';
import { INSTRUCTIONS, type Instruction, instructionOf, isMmio } from '../cpuif/instructions.ts';
import { type CpuPort, vtrOf } from '../cpuif/port.ts';
import type { VgicLists } from '../lists/world.ts';
import { TRAP } from '../regs/icc.ts';
import type { VgicPaths } from '../vgic/paths.ts';
import { EXIT } from './exits.ts';
import type { RunLoop } from './run-loop.ts';

/** CPU interfaces. */
export interface Cpus {
  port(vcpu: number): CpuPort;
  /** Executes an instruction (an index of INSTRUCTIONS): what it reads, 0 for a write, or TRAP. */
  run(vcpu: number, what: number, value: number): number;
}

const READ_IAR = instructionOf('mrs ICC_IAR1_EL1');
const WRITE_EOIR = instructionOf('msr ICC_EOIR1_EL1');
const STORE_DIR = instructionOf('str GICC_DIR');

/** What of a vCPU's redistributor is the hardware's. */
export interface Redistribution {
  activated(vcpu: number): void;
}

/** Creates them, as a host of the options' kind has them after reset. */
export function createCpus(
  { state, options, profile, host }: Context,
  v4: () => Redistribution,
  { plain }: Pick<VgicLists, 'plain'>,
): Cpus {
  const vtr = vtrOf(options);
  const trapped = options.traps ? profile.run.traps : null;
  const direct = trapped === null ? (plain?.cpus ?? null) : null;
  const hasMmioDir = profile.lr.overflow !== 'underflow';
  const ports = Array.from({ length: options.vcpus }, (_, vcpu): CpuPort => {
    const c = state.interfaces.at(vcpu);
    const v = state.run.at(vcpu);
    v.priBits = vtr.priBits + 1;
    v.idBits = vtr.idBits;
    const activated = (): void => v4().activated(vcpu);
    return { c, v, vtr, physical: host.deactivate, activated, trapped, trapsDir: () => c.hcr.tdir === 1 };
  });
  return {
    port: (vcpu) => ports[vcpu] as CpuPort,
    run(vcpu, what, value) {
      if (direct !== null && what === READ_IAR) {
        const intid = direct.acknowledge(vcpu);
        if (intid >= 0) return intid;
      } else if (direct !== null && what === WRITE_EOIR && direct.end(vcpu, value & 0xffffff)) return 0;
      if (what === STORE_DIR && hasMmioDir) return TRAP;
      return (INSTRUCTIONS[what] as Instruction).run(ports[vcpu] as CpuPort, value);
    },
  };
}

/** What a guest does at its CPU interface, exits included. */
export interface GuestCpu {
  /** Index of an instruction by its text, -1 for none: `mrs ICC_IAR1_EL1`, `ldr GICC_IAR`. */
  readonly instruction: (text: string) => number;
  /** Executes an instruction; what it reads, 0 for a write. */
  execute(vcpu: number, what: number, value: number): number;
}

/** Creates it. A DIR that traps is done between an exit and an entry. */
export function createGuestCpu(cpus: Cpus, run: RunLoop, paths: VgicPaths): GuestCpu {
  const trap = (vcpu: number, what: number, value: number): void =>
    run.intercepted(vcpu, isMmio(what) ? EXIT.DABT_LOW : EXIT.SYS64, () => paths.deactivate(vcpu, value));

  function execute(vcpu: number, what: number, value: number): number {
    const visits = !run.isIn(vcpu);
    if (visits) run.enter(vcpu);
    else run.takeKick(vcpu);
    const read = cpus.run(vcpu, what, value);
    if (read === TRAP) trap(vcpu, what, value);
    else if (!visits) run.takeMaintenance(vcpu);
    if (visits) run.exit(vcpu);
    return read === TRAP ? 0 : read;
  }
  return { instruction: instructionOf, execute };
}
