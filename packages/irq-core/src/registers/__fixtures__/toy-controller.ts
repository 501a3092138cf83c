// A made-up controller that uses every feature of register maps: a little-endian block and a big-endian ring, over one arena.

import { array, bitmap, createArena, struct, u8, u16, u32, u64, type View } from '../../arena/index.ts';
import { type Behaviours, behave, registers } from '../index.ts';

export const IRQS = 40;

/** State of the controller. */
export const Toy = struct('toy', {
  ctrl: u32,
  status: u32,
  kicks: u32,
  last: u32,
  secret: u32,
  base: u64,
  half: u16,
  low: u8,
  high: u8,
  nsr: u8,
  cppr: u8,
  ipb: u8,
  word2: u32,
  cookie: u64,
  enabled: bitmap(IRQS),
  latch: bitmap(IRQS),
  line: bitmap(IRQS),
  seen: array(u8, 6),
  config: array(u8, IRQS),
  priority: array(u8, 6),
  group: array(u16, 4),
  routeLo: array(u32, 3),
  routeHi: array(u32, 3),
});
export type Toy = View<typeof Toy>;

/** Context of the accesses: the state, and a record of every call of a hand-written behaviour. */
export type Ctx = Toy & { touched: string[]; errors: string[] };

export const TOY = registers(
  'TOY',
  'a made-up controller',
  {
    CTRL: {
      at: 0x00,
      access: 'RW',
      writable: 0x0f,
      fields: { EN: 0, MODE: [3, 1] },
      values: { MODE: ['off', 'edge', 'level'] },
      spec: '1.1',
      doc: 'control',
    },
    STATUS: { at: 0x04, access: 'W1C', fields: { ERR: [31, 0] } },
    ID: { at: 0x08, access: 'RO', reset: 0x43 },
    KICK: { at: 0x0c, access: 'WO' },
    LAST: { at: 0x10, access: 'RC' },
    NOTHING: { at: 0x14, access: 'RAZ/WI' },
    SECRET: { at: 0x18, access: 'RAZ' },
    FIXED: { at: 0x1c, access: 'WI', reset: 0xc0ffee },
    BASE: {
      at: 0x20,
      access: 'RW',
      width: 64,
      reset: 0x600,
      resetHigh: 0x1907_0000,
      writable: 0xffff_f000,
      writableHigh: 0x000f_ffff,
      fields: { Valid: 63, Address: [51, 12], Type: [2, 0] },
      values: { Type: { 0: 'none', 4: 'collection' } },
    },
    HALF: { at: 0x28, access: 'RW', width: 16, writable: 0x7fff },
    LOW: { at: 0x2a, access: 'RW', width: 8 },
    HIGH: { at: 0x2b, access: 'W1C', width: 8 },
    WHOLE: { at: 0x2c, access: 'RW', sizes: [4], doc: 'words | only' },
    ISENABLER: { at: 0x100, access: 'W1S', per: 'irq', bits: 1, count: IRQS },
    ICENABLER: { at: 0x180, access: 'W1C', per: 'irq', bits: 1, count: IRQS },
    ISPENDR: { at: 0x200, access: 'W1S', per: 'irq', bits: 1, count: IRQS },
    ICPENDR: { at: 0x280, access: 'W1C', per: 'irq', bits: 1, count: IRQS },
    ICFGR: { at: 0x300, access: 'RW', per: 'irq', bits: 2, count: IRQS, writable: 2 },
    PRIORITY: { at: 0x340, access: 'RW', per: 'irq', bits: 8, count: 6, writable: 0xf8 },
    GROUP: { at: 0x348, access: 'RW', per: 'group', bits: 16, count: 4 },
    SEEN: { at: 0x350, access: 'RC', per: 'irq', bits: 8, count: 6 },
    BANK: { at: 0x380, access: 'RO', per: 'bank', bits: 32, count: 3, stride: 16 },
    ROUTER: { at: 0x400, access: 'RW', per: 'irq', bits: 64, count: 3 },
    SPARSE: { at: 0x440, access: 'RO', per: 'irq', bits: 64, count: 2, stride: 32 },
  },
  { sizes: [1, 2, 4, 8], align: 'natural', wrongSize: 'all-ones', misaligned: 'ignore', hole: 'fault' },
);
type ToyRow = keyof typeof TOY.rows & string;

const isPending = (c: Ctx, irq: number): number => Number(c.latch.has(irq) || c.line.has(irq));

const BEHAVIOURS: Behaviours<Ctx, ToyRow> = {
  CTRL: { field: 'ctrl' },
  STATUS: { field: 'status' },
  KICK: {
    write(c, value) {
      c.kicks = c.kicks + value;
    },
  },
  LAST: { field: 'last' },
  SECRET: { field: 'secret' },
  BASE: { field: 'base' },
  HALF: { field: 'half' },
  LOW: { field: 'low' },
  HIGH: { field: 'high' },
  ISENABLER: { field: 'enabled' },
  ICENABLER: { field: 'enabled', save: () => 0, restore: () => {} },
  ISPENDR: {
    read: isPending,
    write(c, value, irq) {
      c.touched.push(`set ${irq}`);
      c.latch.put(irq, value);
    },
    save: (c, irq) => Number(c.latch.has(irq)),
    restore: (c, value, irq) => c.latch.put(irq, value),
  },
  ICPENDR: {
    read: isPending,
    write(c, value, irq) {
      c.touched.push(`clear ${irq}`);
      c.latch.put(irq, value);
    },
    save: () => 0,
    restore: () => {},
  },
  ICFGR: { field: 'config' },
  PRIORITY: { field: 'priority' },
  GROUP: { field: 'group' },
  SEEN: { field: 'seen' },
  BANK: { read: (_c, bank) => 0x1000 + bank },
  ROUTER: {
    read(c, irq, half) {
      c.touched.push(`read ${irq}.${half}`);
      return (half === 0 ? c.routeLo : c.routeHi).get(irq);
    },
    write(c, value, irq, half) {
      c.touched.push(`write ${irq}.${half}`);
      (half === 0 ? c.routeLo : c.routeHi).set(irq, value);
    },
  },
  SPARSE: { read: (_c, irq, half) => 0x10 * irq + half },
};

/** A ring of byte registers that share words, big-endian, with a wide register and an array behind them. */
export const RING = registers(
  'RING',
  'a made-up ring',
  {
    NSR: { at: 0x00, access: 'RO', width: 8 },
    CPPR: { at: 0x01, access: 'RW', width: 8 },
    IPB: { at: 0x02, access: 'RO', width: 8 },
    WORD2: { at: 0x08, access: 'RW', fields: { V: 31 } },
    COOKIE: { at: 0x10, access: 'RW', width: 64 },
    QUEUE: { at: 0x20, access: 'RW', per: 'priority', bits: 8, count: 6 },
  },
  { sizes: [1, 2, 4, 8], align: 'natural', endian: 'big', wrongSize: 'all-ones', hole: 'all-ones' },
);

const onError = (c: Ctx, e: { block: string; offset: number; size: number; rule: string }): void => {
  c.errors.push(`${e.block}+0x${e.offset.toString(16)}/${e.size}: ${e.rule}`);
};

export const toy = behave<Ctx, ToyRow>(TOY, BEHAVIOURS, onError);
export const ring = behave<Ctx, keyof typeof RING.rows & string>(
  RING,
  {
    NSR: { field: 'nsr' },
    CPPR: { field: 'cppr' },
    IPB: { field: 'ipb' },
    WORD2: { field: 'word2' },
    COOKIE: { field: 'cookie' },
    QUEUE: { field: 'priority' },
  },
  onError,
);

/** A controller after reset. */
export function fresh(): Ctx {
  const { root } = createArena(Toy);
  root.status = 0xff;
  root.last = 7;
  return Object.assign(root as Ctx, { touched: [], errors: [] });
}
