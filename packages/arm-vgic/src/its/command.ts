// A command of 32 bytes, taken apart. Arm IHI 0069, ITS commands; Linux: vgic-its.c its_cmd_get_*. Bits not listed are ignored.

import { type Ram, UNREADABLE } from '../memory/ram.ts';

/** Bytes of a command. */
export const COMMAND_BYTES = 32;

/** Fields of a command, whichever it is. `target` and `secondTarget` are 32 bits, what the architecture calls RDbase with PTA=0. */
export interface Command {
  opcode: number;
  device: number;
  event: number;
  intid: number;
  /** 1..32 bits of an EventID. */
  bits: number;
  icid: number;
  target: number;
  secondTarget: number;
  itt: number;
  valid: boolean;
}

/** An empty one, to be filled again and again. */
export const createCommand = (): Command => ({
  opcode: 0,
  device: 0,
  event: 0,
  intid: 0,
  bits: 0,
  icid: 0,
  target: 0,
  secondTarget: 0,
  itt: 0,
  valid: false,
});

/** Bits 47:16 of a doubleword. */
const rdbase = (hi: number, lo: number): number => ((hi << 16) | (lo >>> 16)) >>> 0;

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
  into.target = rdbase(hi, lo);
  into.itt = (hi & 0xfffff) * 2 ** 32 + ((lo & ~0xff) >>> 0);
  into.valid = hi >= 0x80000000;
  into.secondTarget = rdbase(ram.load(at + 28), ram.load(at + 24));
  return true;
}
