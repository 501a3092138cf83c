// Words of the ITS: its commands through the queue in memory, messages, and the bytes that configure LPIs.

import type { ArgSpec, Args, Operation, OpResult } from '@virq/irq-core/machine';
import { INTID } from '../irq/layout.ts';
import { COMMAND_BYTES } from '../its/command.ts';
import { type CommandFields, encode } from '../its/encode.ts';
import { ITS_PLACES, ittPlace, QUEUE_BYTES } from '../its/places.ts';
import { hex, int, n } from '../vocabulary/args.ts';
import { FRAMES, offsetOf } from './frames.ts';
import { only, yes } from './gic-operations.ts';
import { translate } from './its/commands.ts';
import type { Virt } from './machine.ts';

type Op = Operation<{ readonly virt: Virt }>;
type Words = readonly bigint[];

const U32 = 0xffffffff;
const dev = int('DeviceID', { min: 0, max: U32 });
const event = int('EventID', { min: 0, max: U32 });
const icid = int('ICID', { min: 0, max: 0xffff, default: 0 });
const cpu = int('RDbase: the number of a CPU', { min: 0, max: 0xffff, default: 0 });
const intid = int('LPI', { min: 0, max: U32 });
const valid: ArgSpec = {
  type: 'either',
  of: [{ type: 'bool', doc: '' }, int('', { min: 0, max: 1 })],
  default: true,
  doc: 'maps; else undoes the mapping',
};

const ittOf = (args: Args): bigint => (args['itt'] as bigint | undefined) ?? BigInt(ittPlace(0, n(args, 'dev')));
const fieldsOf = (args: Args): CommandFields => ({
  device: n(args, 'dev'),
  event: n(args, 'event'),
  icid: n({ icid: 0, ...args }, 'icid'),
});

/** Puts a command into the queue and tells the ITS; how far it has read. */
function submit(m: Virt, words: Words): OpResult {
  const { state, ram } = m;
  for (const [i, word] of words.entries()) {
    const place = ITS_PLACES.commands + state.command + 8 * i;
    ram.store(place, Number(word & 0xffffffffn));
    ram.store(place + 4, Number(word >> 32n));
  }
  state.command = (state.command + COMMAND_BYTES) % QUEUE_BYTES;
  const register = (name: string) => ({ cpu: 0, offset: offsetOf(FRAMES.gits, name), size: 8 });
  FRAMES.gits.port.store(m, register('CWRITER'), BigInt(state.command));
  return { ret: 0, out: { creadr: hex(FRAMES.gits.port.load(m, register('CREADR'))) } };
}

const hasIts = ({ backend }: Virt): boolean => backend === 'its';

const command = (summary: string, args: Op['args'], words: (args: Args) => Words): Op => ({
  summary,
  args,
  run: only(hasIts, ({ virt }, given) => submit(virt, words(given))),
});

/** A command on an event of a device. */
const onEvent = (summary: string, name: 'INT' | 'CLEAR' | 'DISCARD' | 'INV'): Op =>
  command(summary, { dev, event }, (args) => encode(name, fieldsOf(args)));
/** One that names a collection as well. */
const mapped = (summary: string, name: 'MAPI' | 'MOVI'): Op =>
  command(summary, { dev, event, icid }, (args) => encode(name, fieldsOf(args)));

function send(m: Virt, args: Args): OpResult {
  translate(m, { device: 0, event: n(args, 'event') });
  return { ret: 0 };
}

/** Group 1, reads as one. */
const LPI_GROUP = 2;

function configure({ ram }: Virt, args: Args): OpResult {
  const byte = (n(args, 'prio') & 0xfc) | LPI_GROUP | (yes(args, 'enable') ? 1 : 0);
  ram.storeByte(ITS_PLACES.properties + n(args, 'intid') - INTID.LPI, byte);
  return { ret: 0 };
}

/** The operations. */
export const ITS_OPERATIONS: Readonly<Record<string, Op>> = {
  mapd: command(
    'MAPD: a device gets a table of events',
    {
      dev,
      size: int('bits of its EventIDs', { min: 1, max: 32, default: 8 }),
      valid,
      itt: { type: 'u64', doc: 'address of the table; one of its own if not said', optional: true },
    },
    (args) =>
      encode('MAPD', { device: n(args, 'dev'), bits: n(args, 'size'), itt: ittOf(args), valid: yes(args, 'valid') }),
  ),
  mapc: command('MAPC: a collection gets a CPU', { icid, cpu, valid }, (args) =>
    encode('MAPC', { icid: n(args, 'icid'), target: n(args, 'cpu'), valid: yes(args, 'valid') }),
  ),
  mapti: command('MAPTI: an event gets an LPI and a collection', { dev, event, intid, icid }, (args) =>
    encode('MAPTI', { ...fieldsOf(args), intid: n(args, 'intid') }),
  ),
  mapi: mapped('MAPI: an event that is its own LPI gets a collection', 'MAPI'),
  movi: mapped('MOVI: an event goes to another collection', 'MOVI'),
  movall: command(
    'MOVALL: what is pending for one CPU goes to another',
    { cpu1: { ...cpu, doc: 'from' } as ArgSpec, cpu2: { ...cpu, doc: 'to' } as ArgSpec },
    (args) => encode('MOVALL', { target: n(args, 'cpu1'), second: n(args, 'cpu2') }),
  ),
  int: onEvent('INT: an event happens', 'INT'),
  clear: onEvent('CLEAR: an event is no longer pending', 'CLEAR'),
  discard: onEvent('DISCARD: an event loses its mapping', 'DISCARD'),
  inv: onEvent('INV: the configuration of an LPI is read anew', 'INV'),
  invall: command('INVALL: those of a collection are', { icid }, (args) => encode('INVALL', { icid: n(args, 'icid') })),
  sync: command('SYNC', { cpu }, (args) => encode('SYNC', { target: n(args, 'cpu') })),
  rawcmd: command(
    'four doublewords as a command',
    { d: { type: 'list', of: { type: 'u64', doc: 'a doubleword' }, doc: 'all four' } },
    (args) => [0, 1, 2, 3].map((i) => BigInt.asUintN(64, (args['d'] as bigint[])[i] ?? 0n)),
  ),
  translate: {
    summary: 'a message of device 0: a store to GITS_TRANSLATER',
    args: { event },
    run: only(hasIts, ({ virt }, args) => send(virt, args)),
  },
  lpi_config: {
    summary: 'changes what memory says of an LPI; the redistributor may have it until INV',
    args: {
      intid: int('LPI', { min: INTID.LPI, max: 0xffff }),
      prio: int('priority, bits 7:2', { min: 0, max: 0xff, default: 0xa0 }),
      enable: { ...valid, doc: 'on' } as ArgSpec,
    },
    run: only(hasIts, ({ virt }, args) => configure(virt, args)),
  },
};
