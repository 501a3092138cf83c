// What differs between kernels around a vCPU's CPU interface, as data. Linux: arch/arm64/kvm/hyp/vgic-v3-sr.c.

/** The handler of trapped accesses: what keeps a write of BPR1 from being stored, and whether ICC_CTLR_EL1 shows SEIS. */
export interface TrapQuirks {
  readonly ignoresBpr1: 'with CBPR' | 'with bit 4 of the value';
  readonly showsSeis: boolean;
}

/** Differences in the run loop. */
export interface RunForm {
  /** When KVM learns what the guest has set in its CPU interface: when the vCPU is scheduled out or waits, or at every exit. */
  readonly savesVmcr: 'put' | 'exit';
  /** Where the handler of trapped accesses departs from the CPU. */
  readonly traps: TrapQuirks;
}

const CLASSIC: TrapQuirks = { ignoresBpr1: 'with CBPR', showsSeis: true };
const CONVERTED: TrapQuirks = { ignoresBpr1: 'with bit 4 of the value', showsSeis: false };

/** By kernel. */
export const RUN_FORMS = {
  '6.1': { savesVmcr: 'put', traps: CLASSIC },
  '6.12': { savesVmcr: 'put', traps: CLASSIC },
  '6.19-rc': { savesVmcr: 'exit', traps: CLASSIC },
  '7.3': { savesVmcr: 'exit', traps: CONVERTED },
} as const satisfies Record<string, RunForm>;
