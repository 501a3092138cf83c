// Words for ITSs and LPIs: commands through guest memory and GITS_CWRITER, registers as user space has them, tables, configuration bytes.

import { EFAULT, EINVAL, ENXIO } from '@virq/irq-core/errors';
import { ROUTE, type Route } from '@virq/irq-core/kvm';
import type { ArgSpec, Args, Operation, OpResult } from '@virq/irq-core/machine';
import type { ArmChip } from '../chip.ts';
import { INTID } from '../irq/layout.ts';
import { controlIts } from '../its/control-attrs.ts';
import { type CommandFields, type CommandWords, encode } from '../its/encode.ts';
import type { Its } from '../its/its.ts';
import { VALID_DEVID } from '../its/msi.ts';
import { ittPlace } from '../its/places.ts';
import { vgicItsProcessCommands, WRITE } from '../its/protocols/commands.ts';
import { vgicItsInjectMsi } from '../its/protocols/inject.ts';
import { GITS } from '../its/registers.ts';
import { enqueue } from '../its/submit.ts';
import { hex, int, n } from './args.ts';

type Op = Operation<ArmChip>;

const its = int('which ITS', { min: 0, max: 3, default: 0 });
const dev = int('DeviceID');
const event = int('EventID');
const icid = int('ICID', { max: 0xffff, default: 0 });
const flag = (doc: string): ArgSpec => ({ type: 'bool', default: true, doc });
const valid = flag('the V bit');

/** GITS_TRANSLATER from the ITS's base. */
const TRANSLATER = 0x10040;
/** Default priority of an LPI, and group 1 of its configuration byte, which reads as one. */
const [PRIORITY, GROUP] = [0xa0, 2];

/** On an ITS; -ENXIO without it. */
const onIts = (summary: string, args: Op['args'], run: (c: ArmChip, on: Its, args: Args) => OpResult): Op => ({
  summary,
  args: { ...args, its },
  run(c, given) {
    const on = c.its.all[n(given, 'its')];
    return on === undefined ? { ret: -ENXIO } : run(c, on, given);
  },
});

const creadrOf = ({ context }: Its): string => hex(context.state.creadr);

/** User space writes CWRITER, so that no vCPU leaves its guest for it. */
function submit(c: ArmChip, on: Its, words: CommandWords): OpResult {
  const next = enqueue(c.its.ram, on, words);
  if (next < 0) return { ret: -EFAULT };
  const ret = on.set(GITS.rows.CWRITER.at, { lo: next, hi: 0 });
  return { ret, out: { creadr: creadrOf(on) } };
}

const command = (summary: string, args: Op['args'], words: (args: Args) => CommandWords): Op => ({
  ...onIts(summary, args, (c, on, given) => submit(c, on, words(given))),
  path: (given) => ({ protocol: vgicItsProcessCommands as never, begin: (c) => announcement(c, given, words(given)) }),
});

/** The command stands in memory; what is left is GITS_CWRITER. */
function announcement(c: ArmChip, args: Args, words: CommandWords): Readonly<Record<string, number>> | number {
  const on = c.its.all[n(args, 'its')];
  if (on === undefined) return -ENXIO;
  const written = enqueue(c.its.ram, on, words);
  return written < 0 ? -EFAULT : { vm: c.context.vm, its: n(args, 'its'), register: WRITE.CWRITER, written };
}

const fieldsOf = (args: Args): CommandFields => ({
  device: n(args, 'dev'),
  event: n(args, 'event'),
  icid: n(args, 'icid'),
});

const eventCommand = (name: 'INT' | 'CLEAR' | 'DISCARD' | 'INV', summary: string): Op =>
  command(summary, { dev, event }, (args) => encode(name, { ...fieldsOf(args), icid: 0 }));

const mappedTo = (name: 'MAPI' | 'MOVI', summary: string): Op =>
  command(summary, { dev, event, icid }, (args) => encode(name, fieldsOf(args)));

/** Offset of a register by name; `BASER:8` is the one 8 bytes after the first. */
function offsetOf(reg: string): number | undefined {
  const [name = '', more = '0'] = reg.split(':');
  const row = (GITS.rows as Readonly<Record<string, { readonly at: number }>>)[name === 'BASER' ? 'BASER0' : name];
  return row === undefined ? undefined : row.at + Number(more);
}

function register(on: Its, args: Args): OpResult {
  const at = (args['off'] as number | undefined) ?? offsetOf((args['reg'] as string | undefined) ?? '');
  if (at === undefined) return { ret: -ENXIO };
  const value = args['value'] as bigint | undefined;
  if (value !== undefined) return { ret: on.set(at, { lo: Number(value & 0xffffffffn), hi: Number(value >> 32n) }) };
  const got = on.get(at);
  return got === null ? { ret: -ENXIO } : { ret: 0, out: { value: hex((BigInt(got.hi) << 32n) | BigInt(got.lo)) } };
}

const COMMANDS: Readonly<Record<string, Op>> = {
  mapd: command(
    'ITS command MAPD: a device gets or loses its interrupt translation table',
    {
      dev,
      size: int('bits of an EventID', { min: 1, max: 32, default: 8 }),
      itt: { type: 'u64', optional: true, doc: 'address of the table; default a place of its own' },
      valid,
    },
    (args) =>
      encode('MAPD', {
        device: n(args, 'dev'),
        bits: n(args, 'size'),
        itt: (args['itt'] as bigint | undefined) ?? BigInt(ittPlace(n(args, 'its'), n(args, 'dev'))),
        valid: args['valid'] === true,
      }),
  ),
  mapc: command(
    'ITS command MAPC: a collection gets or loses its redistributor',
    { icid, cpu: int('RDbase', { default: 0 }), valid },
    (args) => encode('MAPC', { icid: n(args, 'icid'), target: n(args, 'cpu'), valid: args['valid'] === true }),
  ),
  mapti: command('ITS command MAPTI: an event gets an LPI', { dev, event, intid: int('LPI'), icid }, (args) =>
    encode('MAPTI', { ...fieldsOf(args), intid: n(args, 'intid') }),
  ),
  mapi: mappedTo('MAPI', 'ITS command MAPI: an event gets the LPI of its own number'),
  movi: mappedTo('MOVI', 'ITS command MOVI: an event goes to another collection'),
  movall: command(
    'ITS command MOVALL: the LPIs of one redistributor go to another',
    { cpu1: int('from'), cpu2: int('to') },
    (args) => encode('MOVALL', { target: n(args, 'cpu1'), second: n(args, 'cpu2') }),
  ),
  int: eventCommand('INT', 'ITS command INT: makes the LPI of an event pending'),
  clear: eventCommand('CLEAR', 'ITS command CLEAR: takes its pending state away'),
  discard: eventCommand('DISCARD', 'ITS command DISCARD: an event loses its LPI'),
  inv: eventCommand('INV', 'ITS command INV: configuration of an LPI is read again'),
  invall: command('ITS command INVALL: configuration of all LPIs of a collection is read again', { icid }, (args) =>
    encode('INVALL', { icid: n(args, 'icid') }),
  ),
  sync: command('ITS command SYNC', { cpu: int('RDbase', { default: 0 }) }, (args) =>
    encode('SYNC', { target: n(args, 'cpu') }),
  ),
  rawcmd: command(
    'an ITS command by its doublewords',
    { d: { type: 'list', of: { type: 'u64', doc: 'a doubleword' }, doc: 'four of them' } },
    (args) => {
      const [d0 = 0n, d1 = 0n, d2 = 0n, d3 = 0n] = args['d'] as readonly bigint[];
      return [d0, d1, d2, d3];
    },
  ),
};

/** What SAVE_PENDING_TABLES leaves in memory: INTIDs by vCPU. */
function pendingLpis(c: ArmChip): OpResult {
  const ret = c.its.lpis.savePending();
  if (ret !== 0) return { ret };
  const lpis = Array.from({ length: c.options.vcpus }, (_, vcpu) => c.its.lpis.memory.pendingInTable(vcpu));
  return { ret: 0, out: { lpis } };
}

const signalMsi: Op = {
  summary: 'KVM_SIGNAL_MSI: delivers one message; 1 delivered, 0 blocked by the guest',
  args: {
    address_lo: int('MSI address, low 32 bits'),
    address_hi: int('MSI address, high 32 bits', { default: 0 }),
    data: int('MSI data: the EventID', { default: 0 }),
    devid: int('DeviceID', { default: 0 }),
    flags: int('bit 0, KVM_MSI_VALID_DEVID: devid is valid', { default: VALID_DEVID }),
  },
  run: (c, args) => ({ ret: c.arch.signalMsi(routeOf(args)) }),
  path: (args) => ({
    protocol: vgicItsInjectMsi as never,
    begin(c) {
      const { addressLo, addressHi, data: event, devid: device, flags } = routeOf(args);
      if ((flags & ~VALID_DEVID) !== 0) return -EINVAL;
      return { vm: c.context.vm, addressLo, addressHi, event, device, flags };
    },
  }),
};

const routeOf = (args: Args): Route => ({
  type: ROUTE.MSI,
  irqchip: 0,
  pin: 0,
  addressLo: n(args, 'address_lo'),
  addressHi: n(args, 'address_hi'),
  data: n(args, 'data'),
  devid: n(args, 'devid'),
  flags: n(args, 'flags'),
});

/** Operations on ITSs and LPIs. */
export const ITS_OPERATIONS: Readonly<Record<string, Op>> = {
  ...COMMANDS,
  signal_msi: signalMsi,
  translate: onIts(
    'a store to GITS_TRANSLATER by a vCPU, which has no DeviceID: KVM has nothing there',
    { event },
    (_c, on, args) => {
      on.write(TRANSLATER, 4, n(args, 'event'));
      return { ret: 0 };
    },
  ),
  lpi_config: {
    summary: 'the guest changes the configuration byte of an LPI in memory; what KVM has read stays until INV',
    args: {
      intid: int('LPI', { min: INTID.LPI, max: 0xffff }),
      prio: int('priority', { max: 0xff, default: PRIORITY }),
      enable: flag('enabled'),
    },
    run(c, args) {
      const byte = (n(args, 'prio') & 0xfc) | GROUP | (args['enable'] === true ? 1 : 0);
      return { ret: c.its.lpis.memory.storeConfig(n(args, 'intid'), byte) };
    },
  },
  pending_lpis: {
    summary: 'KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES, then the LPIs that the tables in memory name, by vCPU',
    args: {},
    run: pendingLpis,
  },
  its_reg: onIts(
    'KVM_DEV_ARM_VGIC_GRP_ITS_REGS: reads or writes a register of an ITS',
    {
      off: int('offset', { max: 0x1ffff, optional: true }),
      reg: { type: 'name', of: 'a register', optional: true, doc: 'its name; BASER:8 is BASER1' },
      value: { type: 'u64', optional: true, doc: 'what to write' },
    },
    (_c, on, args) => register(on, args),
  ),
  its_ctrl: onIts(
    'KVM_DEV_ARM_VGIC_GRP_CTRL of an ITS: 1 saves its tables, 2 restores them, 4 resets',
    { attr: int('attribute', { max: 0xff }) },
    (_c, on, args) => ({ ret: controlIts(on, n(args, 'attr')) }),
  ),
};
