// ITS commands as QEMU carries them out: on entries in memory, with its checks in its order. A wrong parameter is passed over; memory that is not there stalls the queue. QEMU 7.2:
// hw/intc/arm_gicv3_its.c process_*.

import { INTID } from '../../irq/layout.ts';
import { COMMAND } from '../../its/codes.ts';
import type { Command } from '../../its/command.ts';
import { moveAllLpis, moveLpi, processLpi, rescan } from '../gicv3/lpis.ts';
import type { Virt } from '../machine.ts';
import {
  type Cte,
  type Dte,
  FOUND,
  type Found,
  type Ite,
  loadCte,
  loadDte,
  loadIte,
  storeCte,
  storeDte,
  storeIte,
} from './entries.ts';

/** What a command came to. */
export const RESULT = { STALL: 'stall', PASSED_OVER: 'passed over', DONE: 'done' } as const;
export type Result = (typeof RESULT)[keyof typeof RESULT];

/** First INTID that is no LPI any more. */
const LPI_END = 0x10000;
/** GITS_TYPER.IDbits. */
const EVENT_BITS = 16;

const isLpi = (intid: number): boolean => intid >= INTID.LPI && intid < LPI_END;
const stored = (ok: boolean): Result => (ok ? RESULT.DONE : RESULT.STALL);
const RESULT_OF: Readonly<Record<Found, Result>> = {
  [FOUND.VALID]: RESULT.DONE,
  [FOUND.INVALID]: RESULT.PASSED_OVER,
  [FOUND.FAULT]: RESULT.STALL,
};

/** Entries that a command reads, filled again and again. */
const dte: Dte = { valid: false, bits: 1, itt: 0 };
const ite: Ite = { valid: false, intid: 0, icid: 0 };
const cte: Cte = { valid: false, target: 0 };
const otherCte: Cte = { valid: false, target: 0 };

/** An event of a device. */
type Event = Pick<Command, 'device' | 'event'>;

/** Looks up a command's event. */
function findIte({ ram, state: { its } }: Virt, { device, event }: Event): Result {
  if (device >= its.devices.entries) return RESULT.PASSED_OVER;
  const found = RESULT_OF[loadDte(ram, its.devices, device, dte)];
  if (found !== RESULT.DONE) return found;
  return event >= 2 ** dte.bits ? RESULT.PASSED_OVER : RESULT_OF[loadIte(ram, dte, event, ite)];
}

/** A collection that names a CPU. */
function findCte(m: Virt, icid: number, into: Cte): Result {
  const { collections } = m.state.its;
  if (icid >= collections.entries) return RESULT.PASSED_OVER;
  const found = RESULT_OF[loadCte(m.ram, collections, icid, into)];
  return found === RESULT.DONE && into.target >= m.cpus ? RESULT.PASSED_OVER : found;
}

/** An event raises its LPI, or takes it back. QEMU_7_2.faultOfCollectionIsIgnored. */
function signalEvent(m: Virt, event: Event, level: number): Result {
  const found = findIte(m, event);
  if (found !== RESULT.DONE) return found;
  if (findCte(m, ite.icid, cte) === RESULT.DONE) processLpi(m, cte.target, { intid: ite.intid, level });
  return RESULT.DONE;
}

/** The mapping goes only if its collection is there. */
function discard(m: Virt, command: Command): Result {
  const found = findIte(m, command);
  if (found !== RESULT.DONE) return found;
  if (findCte(m, ite.icid, cte) !== RESULT.DONE) return RESULT.DONE;
  processLpi(m, cte.target, { intid: ite.intid, level: 0 });
  ite.valid = false;
  return stored(storeIte(m.ram, dte, command.event, ite));
}

function map(m: Virt, { device, event, icid }: Command, intid: number): Result {
  const { devices, collections } = m.state.its;
  if (device >= devices.entries) return RESULT.PASSED_OVER;
  if (loadDte(m.ram, devices, device, dte) === FOUND.FAULT) return RESULT.STALL;
  const possible = icid < collections.entries && dte.valid && event < 2 ** dte.bits && isLpi(intid);
  if (!possible) return RESULT.PASSED_OVER;
  ite.valid = true;
  ite.intid = intid;
  ite.icid = icid;
  return stored(storeIte(m.ram, dte, event, ite));
}

/** An RDbase has sixteen bits. */
const CPU_NUMBER = 0xffff;

function mapc({ ram, state: { its }, cpus }: Virt, { icid, valid, rdbase }: Command): Result {
  cte.valid = valid === 1;
  cte.target = valid === 1 ? rdbase & CPU_NUMBER : 0;
  if (icid >= its.collections.entries || cte.target >= cpus) return RESULT.PASSED_OVER;
  return stored(storeCte(ram, its.collections, icid, cte));
}

function mapd({ ram, state: { its } }: Virt, { device, valid, bits, ittHi, ittLo }: Command): Result {
  if (device >= its.devices.entries || bits > EVENT_BITS) return RESULT.PASSED_OVER;
  dte.valid = valid === 1;
  dte.bits = bits;
  dte.itt = ittHi * 2 ** 32 + ittLo;
  return stored(storeDte(ram, its.devices, device, dte));
}

function movi(m: Virt, command: Command): Result {
  const found = findIte(m, command);
  if (found !== RESULT.DONE) return found;
  const [from, to] = [findCte(m, ite.icid, cte), findCte(m, command.icid, otherCte)];
  if (from !== RESULT.DONE) return from;
  if (to !== RESULT.DONE) return to;
  if (cte.target !== otherCte.target) moveLpi(m, ite.intid, { from: cte.target, to: otherCte.target });
  ite.icid = command.icid;
  return stored(storeIte(m.ram, dte, command.event, ite));
}

function movall(m: Virt, { rdbase, second }: Command): Result {
  if (rdbase >= m.cpus || second >= m.cpus) return RESULT.PASSED_OVER;
  if (rdbase !== second) moveAllLpis(m, rdbase, second);
  return RESULT.DONE;
}

function inv(m: Virt, command: Command): Result {
  const found = findIte(m, command);
  if (found !== RESULT.DONE) return found;
  const collection = findCte(m, ite.icid, cte);
  if (collection === RESULT.DONE) rescan(m, cte.target);
  return collection;
}

/** Whatever the collection, even one that is not there: every CPU looks. */
function invall(m: Virt): Result {
  for (let n = 0; n < m.cpus; n++) rescan(m, n);
  return RESULT.DONE;
}

type Handler = (m: Virt, command: Command) => Result;

const HANDLERS: Readonly<Record<number, Handler | undefined>> = {
  [COMMAND.MOVI]: movi,
  [COMMAND.INT]: (m, command) => signalEvent(m, command, 1),
  [COMMAND.CLEAR]: (m, command) => signalEvent(m, command, 0),
  [COMMAND.SYNC]: () => RESULT.DONE,
  [COMMAND.MAPD]: mapd,
  [COMMAND.MAPC]: mapc,
  [COMMAND.MAPTI]: (m, command) => map(m, command, command.intid),
  [COMMAND.MAPI]: (m, command) => map(m, command, command.event),
  [COMMAND.INV]: inv,
  [COMMAND.INVALL]: invall,
  [COMMAND.MOVALL]: movall,
  [COMMAND.DISCARD]: discard,
};

/** Carries out one command; an unknown one is passed over. */
export const execute = (m: Virt, command: Command): Result =>
  HANDLERS[command.opcode]?.(m, command) ?? RESULT.PASSED_OVER;

/** A message: what INT does, if the ITS is on. */
export function translate(m: Virt, message: Event): void {
  if (m.state.its.enabled === 1) signalEvent(m, message, 1);
}
