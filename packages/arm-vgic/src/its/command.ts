// A command of 32 bytes, taken apart. Arm IHI 0069, ITS commands; Linux: vgic-its.c its_cmd_get_*. Bits not listed are ignored.

import { type Ram, UNREADABLE } from '../memory/ram.ts';

/** Bytes of a command. */
export const COMMAND_BYTES = 32;

/** Fields of a command, whichever it is. `rdbase` and `second` are 32 bits of what the architecture calls RDbase, with PTA=0. */
export interface Command {
  opcode: number;
  device: number;
  event: number;
  intid: number;
  /** 1..32 bits of an EventID. */
  bits: number;
  icid: number;
  rdbase: number;
  second: number;
  /** Address of an interrupt translation table, bits 51:8. */
  ittLo: number;
  ittHi: number;
  /** The V bit. */
  valid: number;
}

/** Bits 47:16 of a doubleword. */
const rdbaseOf = (hi: number, lo: number): number => ((hi << 16) | (lo >>> 16)) >>> 0;

/** Fills a command from guest memory; false if it cannot be read. */
export function loadCommand(ram: Ram, at: number, into: Command): boolean {
  const first = ram.load(at);
  if (first === UNREADABLE) return false;
  into.opcode = first & 0xff;
  into.device = ram.load(at + 4);
  into.event = ram.load(at + 8);
  into.bits = (into.event & 31) + 1;
  into.intid = ram.load(at + 12);
  const lo = ram.load(at + 16);
  const hi = ram.load(at + 20);
  into.icid = lo & 0xffff;
  into.rdbase = rdbaseOf(hi, lo);
  into.ittLo = (lo & ~0xff) >>> 0;
  into.ittHi = hi & 0xfffff;
  into.valid = hi >>> 31;
  into.second = rdbaseOf(ram.load(at + 28), ram.load(at + 24));
  return true;
}
