// ITS commands through the queue in guest memory, messages, and the bytes that configure LPIs. Sheet: 10; IHI 0069 5.3, 5.1.1.

import { flag, num, u64 } from '../../arguments.ts';
import { type Op, OracleError } from '../../oracle.ts';
import { access, load, type Out, type Run, store } from '../oracle.ts';
import { QUEUE_SIZE } from './its-set-up.ts';
import { FIRST_LPI, GITS, GITS_TRANSLATER, ITS_MEMORY } from './map.ts';
import { ITS_REGISTERS, offsetOf } from './registers.ts';
import type { Session } from './session.ts';

type Words = readonly [bigint, bigint, bigint, bigint];

const COMMAND_SIZE = 32;
const VALID = 1n << 63n;
/** Bits of an event ID when nobody says. */
const EVENT_BITS = 8;
/** Group 1, reads as one. */
const LPI_GROUP = 2;
const LPI_PRIORITY = 0xa0;
/** Devices that have a table of their own; others share. */
const ITTS = 256;

const at = (op: Op, key: string): bigint => BigInt(num(op, key));
/** First word: the command, and the device. */
const head = (command: number, op: Op): bigint => BigInt(command) | (at(op, 'dev') << 32n);
const valid = (op: Op): bigint => (flag(op, 'valid', true) ? VALID : 0n);
/** GITS_TYPER.PTA is 0: a redistributor is the number of its CPU. */
const target = (op: Op, key: string): bigint => at(op, key) << 16n;
const ittOf = (op: Op): bigint =>
  op['itt'] === undefined ? BigInt(ITS_MEMORY.itts + (num(op, 'dev') % ITTS) * ITS_MEMORY.ittSize) : u64(op['itt']);

/** An event of a device. */
const event =
  (command: number) =>
  (op: Op): Words => [head(command, op), at(op, 'event'), 0n, 0n];

/** The commands: four words each. */
const COMMANDS: Readonly<Record<string, (op: Op) => Words>> = {
  movi: (op) => [head(0x01, op), at(op, 'event'), at(op, 'icid'), 0n],
  int: event(0x03),
  clear: event(0x04),
  sync: (op) => [0x05n, 0n, target(op, 'cpu'), 0n],
  mapd: (op) => [head(0x08, op), BigInt.asUintN(5, BigInt(num(op, 'size', EVENT_BITS) - 1)), valid(op) | ittOf(op), 0n],
  mapc: (op) => [0x09n, 0n, valid(op) | target(op, 'cpu') | at(op, 'icid'), 0n],
  mapti: (op) => [head(0x0a, op), at(op, 'event') | (at(op, 'intid') << 32n), at(op, 'icid'), 0n],
  mapi: (op) => [head(0x0b, op), at(op, 'event'), at(op, 'icid'), 0n],
  inv: event(0x0c),
  invall: (op) => [0x0dn, 0n, at(op, 'icid'), 0n],
  movall: (op) => [0x0en, 0n, target(op, 'cpu1'), target(op, 'cpu2')],
  discard: event(0x0f),
  rawcmd: (op) => (op['d'] as unknown as (string | number)[]).map(u64) as unknown as Words,
};

/** Puts a command into the queue and tells the ITS, which carries it out at once; how far it has read. */
async function submit(s: Session, words: Words): Promise<Out> {
  const { qemu } = s;
  await Promise.all(words.map((word, n) => store(qemu, ITS_MEMORY.commands + s.command + 8 * n, word, 8)));
  s.command = (s.command + COMMAND_SIZE) % QUEUE_SIZE;
  await store(qemu, GITS + offsetOf(ITS_REGISTERS, 'CWRITER'), s.command, 8);
  return { creadr: await load(qemu, GITS + offsetOf(ITS_REGISTERS, 'CREADR'), 8) };
}

function onIts(run: Run<Session>): Run<Session> {
  return (s, op) => {
    if (s.controller !== 'its') throw new OracleError(`'${op.op}' is for the backend its`);
    return run(s, op);
  };
}

const SUBMITTED = Object.entries(COMMANDS).map(
  ([name, words]) => [name, onIts((s, op) => submit(s, words(op)))] as const,
);

/** The operations. */
export const ITS_OPERATIONS: Readonly<Record<string, Run<Session>>> = {
  ...Object.fromEntries(SUBMITTED),
  /** A register of the control frame; 4 bytes if the operation does not say. */
  its_reg: onIts(({ qemu }, op) => access(qemu, op, GITS + offsetOf(ITS_REGISTERS, String(op['reg'])))),
  /** A message of device 0: qtest has no requester ID. */
  translate: onIts(({ qemu }, op) => store(qemu, GITS_TRANSLATER, num(op, 'event'))),
  /** Changes what memory says; the ITS may have it cached until INV. */
  lpi_config: onIts(({ qemu }, op) => {
    const value = (num(op, 'prio', LPI_PRIORITY) & 0xfc) | LPI_GROUP | (flag(op, 'enable', true) ? 1 : 0);
    return store(qemu, ITS_MEMORY.properties + num(op, 'intid') - FIRST_LPI, value, 1);
  }),
};
