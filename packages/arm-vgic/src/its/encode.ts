// Commands as a guest writes them: four doublewords each. Arm IHI 0069 5.3; the counterpart of command.ts.

import { COMMAND } from './codes.ts';

/** The doublewords of a command. */
export type CommandWords = readonly [bigint, bigint, bigint, bigint];

const VALID = 1n << 63n;

/** Fields that commands are made of; those that a command does not have are ignored. `target` and `second` are RDbases. */
export interface CommandFields {
  readonly device?: number;
  readonly event?: number;
  readonly intid?: number;
  /** 1..32 bits of an EventID. */
  readonly bits?: number;
  readonly icid?: number;
  readonly target?: number;
  readonly second?: number;
  readonly itt?: bigint;
  readonly valid?: boolean;
}

type Encode = (f: Required<CommandFields>) => CommandWords;

const DEFAULTS: Required<CommandFields> = {
  device: 0,
  event: 0,
  intid: 0,
  bits: 1,
  icid: 0,
  target: 0,
  second: 0,
  itt: 0n,
  valid: true,
};

const b = BigInt;
const head = (opcode: number, device: number): bigint => b(opcode) | (b(device) << 32n);
const valid = (v: boolean): bigint => (v ? VALID : 0n);
const ofEvent =
  (opcode: number): Encode =>
  ({ device, event, icid }) => [head(opcode, device), b(event), b(icid), 0n];

const ENCODERS = {
  MAPD: ({ device, bits, itt, valid: v }) => [head(COMMAND.MAPD, device), b((bits - 1) & 31), itt | valid(v), 0n],
  MAPC: ({ icid, target, valid: v }) => [b(COMMAND.MAPC), 0n, b(icid) | (b(target) << 16n) | valid(v), 0n],
  MAPTI: ({ device, event, intid, icid }) => [head(COMMAND.MAPTI, device), b(event) | (b(intid) << 32n), b(icid), 0n],
  MAPI: ofEvent(COMMAND.MAPI),
  MOVI: ofEvent(COMMAND.MOVI),
  INT: ofEvent(COMMAND.INT),
  CLEAR: ofEvent(COMMAND.CLEAR),
  DISCARD: ofEvent(COMMAND.DISCARD),
  INV: ofEvent(COMMAND.INV),
  INVALL: ofEvent(COMMAND.INVALL),
  MOVALL: ({ target, second }) => [b(COMMAND.MOVALL), 0n, b(target) << 16n, b(second) << 16n],
  SYNC: ({ target }) => [b(COMMAND.SYNC), 0n, b(target) << 16n, 0n],
} as const satisfies Record<keyof typeof COMMAND, Encode>;

/** Doublewords of a command. */
export const encode = (command: keyof typeof COMMAND, fields: CommandFields): CommandWords =>
  ENCODERS[command]({ ...DEFAULTS, ...fields });
