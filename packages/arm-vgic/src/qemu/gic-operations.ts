// Words on the registers and input lines of a GIC, as the recorded sequences spell them.

import { EINVAL } from '@virq/irq-core/errors';
import type { ArgSpec, Args, Operation, OpResult } from '@virq/irq-core/machine';
import { hex, int, n } from '../vocabulary/args.ts';
import { setLine } from './bank.ts';
import { distributorOf, FRAMES, loadFrom, type NamedFrame, offsetOf, storeTo } from './frames.ts';
import { update } from './gicv2/interface.ts';
import { privateChanged, spisChanged } from './gicv3/best.ts';
import { IRQS, MAX_CPUS, PRIVATE, type Virt } from './machine.ts';

type Op = Operation<{ readonly virt: Virt }>;
const DONE: OpResult = { ret: 0 };

/** The CPU of a private register or line. */
export const CPU: ArgSpec = int('CPU', { min: 0, max: MAX_CPUS - 1, default: 0 });
const reg: ArgSpec = { type: 'name', of: 'a register', doc: 'its name, with a distance in bytes after a colon' };
const size: ArgSpec = {
  type: 'either',
  of: [1, 2, 4, 8].map((bytes) => int('', { min: bytes, max: bytes })),
  default: 4,
  doc: 'bytes of the access',
};
const value: ArgSpec = { type: 'u64', doc: 'what is stored; a load without it', optional: true };
const flag = (doc: string, yes: boolean): ArgSpec => ({
  type: 'either',
  of: [{ type: 'bool', doc: '' }, int('', { min: 0, max: 1 })],
  default: yes,
  doc,
});
export const yes = (args: Args, key: string): boolean => args[key] === true || args[key] === 1;

/** A load, or with a value a store. */
function access(m: Virt, frame: NamedFrame, args: Args): OpResult {
  const at = {
    cpu: n({ cpu: 0, ...args }, 'cpu'),
    offset: offsetOf(frame, args['reg'] as string),
    size: n(args, 'size'),
  };
  if (args['value'] === undefined) return { ret: 0, out: { value: hex(loadFrom(m, frame, at)) } };
  storeTo(m, frame, { ...at, value: args['value'] as bigint });
  return DONE;
}

/** By guest code on a CPU of the machine. */
export const onCpu = (run: (m: Virt, cpu: number, args: Args) => OpResult): Op['run'] => {
  return ({ virt }, args) => (n(args, 'cpu') < virt.cpus ? run(virt, n(args, 'cpu'), args) : { ret: -EINVAL });
};

/** Words that a machine does not have: -EINVAL. */
export const only = (has: (m: Virt) => boolean, run: Op['run']): Op['run'] => {
  return (c, args) => (has(c.virt) ? run(c, args) : { ret: -EINVAL });
};

/** The registers of an interrupt: private ones of a GICv3 are in SGI_base. */
function setUp(m: Virt, args: Args): OpResult {
  const [intid, cpu] = [n(args, 'intid'), n(args, 'cpu')];
  const frame: NamedFrame = intid < PRIVATE && m.backend !== 'gicv2' ? FRAMES.sgi : distributorOf(m);
  const place = (register: string, bytes: number) => ({ cpu, offset: offsetOf(frame, register), size: bytes });
  const store = (register: string, stored: number, bytes = 4) =>
    storeTo(m, frame, { ...place(register, bytes), value: BigInt(stored) });
  const modify = (register: string, mask: number, bits: number) => {
    const before = Number(loadFrom(m, frame, place(register, 4)));
    store(register, ((before & ~mask) | bits) >>> 0);
  };
  const [word, bit] = [4 * (intid >> 5), (1 << (intid & 31)) >>> 0];
  modify(`IGROUPR:${word}`, bit, n(args, 'group') === 1 ? bit : 0);
  store(`IPRIORITYR:${intid}`, n(args, 'prio'), 1);
  const edge = (2 << (2 * (intid & 15))) >>> 0;
  modify(`ICFGR:${4 * (intid >> 4)}`, edge, yes(args, 'edge') ? edge : 0);
  if (intid >= PRIVATE && m.backend === 'gicv2') store(`ITARGETSR:${intid}`, 1 << n(args, 'target'), 1);
  else if (intid >= PRIVATE) store(`IROUTER:${8 * intid}`, n(args, 'target'), 8);
  store(`${yes(args, 'enable') ? 'ISENABLER' : 'ICENABLER'}:${word}`, bit);
  return DONE;
}

function spi(m: Virt, args: Args): OpResult {
  const intid = n(args, 'intid');
  if (!setLine(m.state.bank, intid, n(args, 'level'))) return DONE;
  if (m.backend === 'gicv2') update(m);
  else spisChanged(m, intid, 1);
  return DONE;
}

function ppi(m: Virt, cpu: number, args: Args): OpResult {
  const bank = m.backend === 'gicv2' ? m.state.bank : m.state.cpus.at(cpu).bank;
  if (!setLine(bank, n(args, 'intid'), n(args, 'level'))) return DONE;
  if (m.backend === 'gicv2') update(m);
  else privateChanged(m, cpu);
  return DONE;
}

const isV2 = ({ backend }: Virt): boolean => backend === 'gicv2';
const isV3 = (m: Virt): boolean => !isV2(m);
const hasIts = ({ backend }: Virt): boolean => backend === 'its';
const level: ArgSpec = int('1 high', { min: 0, max: 1 });

/** The operations. */
export const GIC_OPERATIONS: Readonly<Record<string, Op>> = {
  d: {
    summary: 'a load from or a store to the distributor',
    args: { reg, size, value },
    run: ({ virt }, args) => access(virt, distributorOf(virt), args),
  },
  r: {
    summary: 'a load from or a store to a redistributor (GICv3)',
    args: {
      reg,
      size,
      value,
      cpu: CPU,
      frame: { type: 'enum', values: ['r', 'sgi'], default: 'r', doc: 'RD_base or SGI_base' },
    },
    run: only(
      isV3,
      onCpu((m, _cpu, args) => access(m, args['frame'] === 'sgi' ? FRAMES.sgi : FRAMES.rd, args)),
    ),
  },
  c: {
    summary: 'a load from or a store to the CPU interface (GICv2)',
    args: { reg, size, value },
    run: only(isV2, ({ virt }, args) => access(virt, FRAMES.gicc, args)),
  },
  its_reg: {
    summary: 'a load from or a store to the control frame of the ITS',
    args: { reg, size, value },
    run: only(hasIts, ({ virt }, args) => access(virt, FRAMES.gits, args)),
  },
  spi: {
    summary: 'drives the line of an SPI',
    args: { intid: int('SPI', { min: PRIVATE, max: IRQS - 1 }), level },
    run: ({ virt }, args) => spi(virt, args),
  },
  ppi: {
    summary: 'drives the line of a PPI',
    args: { intid: int('PPI', { min: 16, max: 31 }), level, cpu: CPU },
    run: onCpu(ppi),
  },
  irq_setup: {
    summary: 'a driver sets an interrupt up: group, priority, trigger, target, then on or off',
    args: {
      intid: int('INTID', { min: 0, max: IRQS - 1 }),
      group: int('group', { min: 0, max: 1, default: 1 }),
      prio: int('priority', { min: 0, max: 0xff, default: 0xa0 }),
      edge: flag('edge-triggered', false),
      target: int('CPU that an SPI goes to', { min: 0, max: MAX_CPUS - 1, default: 0 }),
      enable: flag('on', true),
      cpu: CPU,
    },
    run: onCpu((m, _cpu, args) => setUp(m, args)),
  },
};
