// Short stories about GICs that random choice alone rarely tells to the end: an interrupt from line to EOI, one that preempts, an LPI that moves.

import type { Op } from '../oracle.ts';
import type { Choose } from './choose.ts';
import { type Board, cpu, dev, event, lpi, ppi, priority, sgi, spi } from './virt-values.ts';

/** A story. */
export interface VirtStory {
  readonly weight: number;
  tell(c: Choose, on: Board): Op[];
}

/** What a driver does on a GICv2 and on a GICv3. */
const acknowledge = ({ backend }: Board, on: number): Op =>
  backend === 'gicv2' ? { op: 'c', reg: 'IAR' } : { op: 'iar', cpu: on };
const end = ({ backend }: Board, on: number, intid: number): Op =>
  backend === 'gicv2' ? { op: 'c', reg: 'EOIR', value: intid } : { op: 'eoir', intid, cpu: on };
const open = ({ backend }: Board, on: number): Op[] =>
  backend === 'gicv2'
    ? [
        { op: 'd', reg: 'CTLR', value: 1 },
        { op: 'c', reg: 'PMR', value: 0xf0 },
        { op: 'c', reg: 'CTLR', value: 1 },
      ]
    : [
        { op: 'd', reg: 'CTLR', value: 0x13 },
        { op: 'cpu_setup', cpu: on },
      ];

/** A level-triggered SPI: acknowledged, ended while its line is up, then after it went down. */
function level(c: Choose, board: Board): Op[] {
  const [intid, on] = [spi(c), cpu(c, board)];
  return [
    ...open(board, on),
    { op: 'irq_setup', intid, target: on, prio: 0x80 },
    { op: 'spi', intid, level: 1 },
    acknowledge(board, on),
    end(board, on, intid),
    acknowledge(board, on),
    { op: 'spi', intid, level: 0 },
    end(board, on, intid),
    acknowledge(board, on),
  ];
}

/** An edge that comes again while the first one is active. */
function again(c: Choose, board: Board): Op[] {
  const [intid, on] = [spi(c), cpu(c, board)];
  const pulse: Op[] = [1, 0].map((up) => ({ op: 'spi', intid, level: up }));
  return [
    ...open(board, on),
    { op: 'irq_setup', intid, target: on, prio: 0x80, edge: true },
    ...pulse,
    acknowledge(board, on),
    ...pulse,
    end(board, on, intid),
    acknowledge(board, on),
    end(board, on, intid),
  ];
}

/** A more urgent interrupt during another one, ended in either order. */
function preempted(c: Choose, board: Board): Op[] {
  const on = cpu(c, board);
  const [low, high] = [40, 41];
  const ends = [end(board, on, high), end(board, on, low)];
  return [
    ...open(board, on),
    { op: 'irq_setup', intid: low, target: on, prio: 0xa0, edge: true },
    { op: 'irq_setup', intid: high, target: on, prio: c.one([0x20, 0x80, 0x98, 0xa0]), edge: true },
    { op: 'spi', intid: low, level: 1 },
    acknowledge(board, on),
    { op: 'spi', intid: high, level: 1 },
    acknowledge(board, on),
    ...(c.chance(75) ? ends : ends.reverse()),
  ];
}

/** What software makes pending, and takes back, under a line that goes up and down. */
function latched(c: Choose, board: Board): Op[] {
  const bit = c.one([8, 9]);
  const mask = `0x${(1 << bit).toString(16)}`;
  const line = (up: number): Op => ({ op: 'spi', intid: 32 + bit, level: up });
  return [
    { op: 'irq_setup', intid: 32 + bit, target: cpu(c, board), edge: c.chance(30) },
    { op: 'd', reg: 'ISPENDR:4', value: mask },
    line(1),
    ...(c.chance(50) ? [{ op: 'd', reg: 'ICPENDR:4', value: mask }] : []),
    line(0),
    { op: 'd', reg: 'ICPENDR:4', value: mask },
  ];
}

/** The interrupts of one CPU: a line and a message. */
function ownOf(c: Choose, board: Board): Op[] {
  const [on, own, message] = [cpu(c, board), ppi(c), sgi(c)];
  const send: Op =
    board.backend === 'gicv2'
      ? { op: 'd', reg: 'SGIR', value: `0x${(0x00010000 | message).toString(16)}` }
      : { op: 'msr', reg: 'ICC_SGI1R_EL1', value: `0x${((message << 24) | (1 << on)).toString(16)}`, cpu: on };
  return [
    ...open(board, on),
    { op: 'irq_setup', intid: own, cpu: on, prio: priority(c) },
    { op: 'irq_setup', intid: message, cpu: on, prio: priority(c) },
    { op: 'ppi', intid: own, level: 1, cpu: on },
    send,
    acknowledge(board, on),
    acknowledge(board, on),
    end(board, on, message),
    { op: 'ppi', intid: own, level: 0, cpu: on },
    end(board, on, own),
  ];
}

/** A device, its events, two collections. */
const mappedLpi = (c: Choose, at: Readonly<Record<string, number>>, intid: number): Op[] => [
  { op: 'mapc', icid: 0, cpu: 0 },
  { op: 'mapc', icid: 1, cpu: 1 },
  { op: 'mapd', dev: at['dev'] ?? 0 },
  { op: 'lpi_config', intid, prio: priority(c), enable: 1 },
  { op: 'mapti', ...at, intid, icid: 0 },
  { op: 'inv', ...at },
];

/** An LPI that is pending when it moves to another CPU, by MOVI or MOVALL, and is handled there. */
function moved(c: Choose, board: Board): Op[] {
  const [at, intid] = [{ dev: dev(c), event: event(c) }, lpi(c)];
  const to = Math.min(1, board.cpus - 1);
  return [
    ...open(board, to),
    ...mappedLpi(c, at, intid),
    { op: 'int', ...at },
    c.chance(70) ? { op: 'movi', ...at, icid: 1 } : { op: 'movall', cpu1: 0, cpu2: to },
    acknowledge(board, to),
    { op: 'int', ...at },
    end(board, to, intid),
  ];
}

/** An LPI that is pending while off, and is switched on; the redistributor may see it at once or at the INV. */
function switchedOn(c: Choose, board: Board): Op[] {
  const [at, intid] = [{ dev: 0, event: event(c) }, lpi(c)];
  return [
    ...open(board, 0),
    ...mappedLpi(c, at, intid),
    { op: 'lpi_config', intid, enable: 0 },
    { op: 'inv', ...at },
    { op: 'translate', event: at.event },
    { op: 'mrs', reg: 'ICC_HPPIR1_EL1' },
    { op: 'lpi_config', intid, enable: 1 },
    { op: 'mrs', reg: 'ICC_HPPIR1_EL1' },
    c.chance(60) ? { op: 'inv', ...at } : { op: 'invall', icid: 0 },
    acknowledge(board, 0),
    end(board, 0, intid),
  ];
}

/** A mapping that goes away under a pending LPI. */
function unmapped(c: Choose): Op[] {
  const [at, intid] = [{ dev: dev(c), event: event(c) }, lpi(c)];
  const away: readonly Op[] = [
    { op: 'discard', ...at },
    { op: 'clear', ...at },
    { op: 'mapd', dev: at.dev, valid: 0 },
    { op: 'mapc', icid: 0, valid: 0 },
  ];
  return [...mappedLpi(c, at, intid), { op: 'int', ...at }, c.one(away), { op: 'int', ...at }, { op: 'clear', ...at }];
}

/** An end in two steps: the priority drops, then the interrupt is deactivated, in either order. */
function inTwoSteps(c: Choose, board: Board): Op[] {
  const [intid, on] = [spi(c), cpu(c, board)];
  const v2 = board.backend === 'gicv2';
  const deactivate: Op = v2 ? { op: 'c', reg: 'DIR', value: intid } : { op: 'dir', intid, cpu: on };
  const steps = [end(board, on, intid), deactivate];
  return [
    ...open(board, on),
    v2 ? { op: 'c', reg: 'CTLR', value: 0x201 } : { op: 'cpu_setup', cpu: on, eoimode: 1 },
    { op: 'irq_setup', intid, target: on, prio: 0x80, edge: c.chance(50), group: v2 ? 0 : 1 },
    { op: 'spi', intid, level: 1 },
    acknowledge(board, on),
    { op: 'spi', intid, level: 0 },
    ...(c.chance(70) ? steps : steps.reverse()),
    acknowledge(board, on),
  ];
}

/** Where binary points cut a priority in a GICv3. */
function groupBits(c: Choose, board: Board): Op[] {
  const [intid, on] = [spi(c), cpu(c, board)];
  const set = (reg: string, value: number): Op => ({ op: 'msr', reg: `ICC_${reg}_EL1`, value, cpu: on });
  const get = (reg: string): Op => ({ op: 'mrs', reg: `ICC_${reg}_EL1`, cpu: on });
  return [
    ...open(board, on),
    set('CTLR', c.between(0, 1)),
    set('BPR0', c.between(0, 7)),
    set('BPR1', c.between(0, 7)),
    get('BPR1'),
    { op: 'irq_setup', intid, target: on, prio: c.one([0x68, 0x50, 0x28]), edge: true },
    { op: 'spi', intid, level: 1 },
    acknowledge(board, on),
    get('RPR'),
    get('AP1R0'),
    { op: 'spi', intid, level: 0 },
    end(board, on, intid),
  ];
}

/** An SPI that goes to a CPU that is not there, or to another one, while it is pending; each CPU looks. */
function routed(c: Choose, board: Board): Op[] {
  const intid = spi(c);
  const to = (): Op => ({
    op: 'd',
    reg: `IROUTER:${8 * intid}`,
    size: 8,
    value: c.one(['0x0', '0x1', '0x100', '0x10000', '0x100000000', '0x100000001', '0x80000000']),
  });
  const looks = Array.from({ length: board.cpus }, (_, n): Op => ({ op: 'mrs', reg: 'ICC_HPPIR1_EL1', cpu: n }));
  return [
    ...open(board, 0),
    { op: 'irq_setup', intid, prio: priority(c), edge: c.chance(50) },
    to(),
    { op: 'spi', intid, level: 1 },
    ...looks,
    to(),
    ...looks,
    { op: 'd', reg: `ICFGR:${4 * (intid >> 4)}`, value: c.one(['0x0', '0xaaaaaaaa']) },
    ...looks,
    { op: 'spi', intid, level: 0 },
    ...looks,
  ];
}

/** Where binary points cut a priority, seen in what is running and in the active priorities. */
function binaryPoints(c: Choose): Op[] {
  const intid = spi(c);
  const cpu = (reg: string, value?: number): Op => (value === undefined ? { op: 'c', reg } : { op: 'c', reg, value });
  return [
    { op: 'd', reg: 'CTLR', value: 3 },
    cpu('PMR', 0xff),
    cpu('CTLR', c.one([7, 7, 0x17])),
    cpu('BPR', c.between(0, 7)),
    cpu('ABPR', c.between(0, 7)),
    { op: 'irq_setup', intid, prio: c.one([0x6b, 0x55, 0x2d]), group: c.between(0, 1) },
    { op: 'spi', intid, level: 1 },
    ...['IAR', 'RPR', 'APR', 'NSAPR:4', 'NSAPR'].map((reg) => cpu(reg)),
    { op: 'spi', intid, level: 0 },
    cpu('EOIR', intid),
    cpu('RPR'),
  ];
}

const EXECUTED: readonly VirtStory[] = [
  { weight: 8, tell: level },
  { weight: 6, tell: again },
  { weight: 6, tell: preempted },
  { weight: 4, tell: ownOf },
  { weight: 4, tell: inTwoSteps },
];
const STILL: readonly VirtStory[] = [{ weight: 6, tell: latched }];

/** An event that is its own LPI. */
function mapi(c: Choose, board: Board): Op[] {
  const [at, on] = [{ dev: 0, event: lpi(c) }, cpu(c, board)];
  return [
    ...open(board, on),
    { op: 'mapc', icid: 0, cpu: on },
    { op: 'mapd', dev: 0, size: 14 },
    { op: 'lpi_config', intid: at.event, enable: 1 },
    { op: 'mapi', ...at, icid: 0 },
    { op: 'translate', event: at.event },
    acknowledge(board, on),
    end(board, on, at.event),
  ];
}

/** The stories of each controller. */
export const VIRT_STORIES: Readonly<Record<Board['backend'], readonly VirtStory[]>> = {
  gicv2: [...EXECUTED, ...STILL, { weight: 5, tell: binaryPoints }],
  gicv3: STILL,
  its: [
    ...EXECUTED,
    ...STILL,
    { weight: 3, tell: routed },
    { weight: 3, tell: groupBits },
    { weight: 10, tell: moved },
    { weight: 8, tell: switchedOn },
    { weight: 8, tell: unmapped },
    { weight: 4, tell: mapi },
  ],
};
