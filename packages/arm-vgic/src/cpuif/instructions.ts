// Instructions of a guest that reach its CPU interface, as a list: system registers of a GICv3, loads and stores of a GICv2's GICC.

import { GICC, gicc } from '../regs/gicc.ts';
import { ICC } from '../regs/icc.ts';
import type { CpuPort } from './port.ts';

/** One of them; `run` gives what a read reads, 0 for a write, or TRAP (regs/icc.ts). */
export interface Instruction {
  readonly name: string;
  readonly run: (p: CpuPort, value: number) => number;
}

function* systemRegisters(): Generator<Instruction> {
  for (const [name, { read, write }] of Object.entries(ICC)) {
    if (read !== undefined) yield { name: `mrs ${name}`, run: (p) => read(p) };
    if (write !== undefined) yield { name: `msr ${name}`, run: write };
  }
}

function* memoryMapped(): Generator<Instruction> {
  for (const [name, { at, access }] of Object.entries(GICC.rows)) {
    if (access !== 'WO') yield { name: `ldr GICC_${name}`, run: (p) => gicc.read(p, at, 4) };
    if (access !== 'RO') yield { name: `str GICC_${name}`, run: (p, value) => gicc.write(p, at, 4, value) };
  }
}

/** All of them; what a path calls `what` is an index. */
export const INSTRUCTIONS: readonly Instruction[] = [...systemRegisters(), ...memoryMapped()];

const INDEX: ReadonlyMap<string, number> = new Map(INSTRUCTIONS.map(({ name }, i) => [name, i]));

/** A load or store, which traps as a data abort; the others are system registers. */
export const isMmio = (what: number): boolean => /^(ldr|str) /.test((INSTRUCTIONS[what] as Instruction).name);

/** Index of an instruction, -1 if there is none of that name: `mrs ICC_IAR1_EL1`, `str GICC_EOIR`. */
export const instructionOf = (name: string): number => INDEX.get(name) ?? -1;
