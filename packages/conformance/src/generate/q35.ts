// Sequences for the QEMU oracle: lines, entries, EOIs and messages on the IOAPIC of a q35 machine.

import { hex } from '../arguments.ts';
import type { Op, OracleResult } from '../oracle.ts';
import type { Choose } from './choose.ts';
import type { Generator } from './generator.ts';

const IOAPIC = 0xfec00000;
const VECTORS = [0x31, 0x41, 0x42, 0x51, 0x61, 0xe1, 0xfe, 5, 0, 0xff];
/** Few pins, so that operations meet. Line 0 arrives at pin 2. */
const PINS = [0, 1, 2, 2, 3, 4, 8, 10, 11, 23];
const DESTINATIONS = [0, 0, 1, 1, 2, 3, 0x0f, 0xff];
/** Any delivery mode. */
const deliveryMode = (c: Choose): number => (c.chance(70) ? 0 : c.between(0, 7));

const entry = (c: Choose): Op[string] => ({
  vec: c.one(VECTORS),
  dm: deliveryMode(c),
  logical: c.chance(20) ? 1 : 0,
  pol: c.chance(10) ? 1 : 0,
  level: c.chance(60) ? 1 : 0,
  mask: c.chance(25) ? 1 : 0,
  dest: c.one(DESTINATIONS),
});

/** Destination bits and the defined low bits; the reserved ones in between would end up in the address of the message. */
function entryBits(c: Choose): string {
  const low = c.one(VECTORS) | (deliveryMode(c) << 8) | (c.between(0, 63) << 11);
  return hex((BigInt(c.one(DESTINATIONS)) << 56n) | BigInt(low));
}

type Row = { readonly weight: number; make(c: Choose): Op };

const ROWS: readonly Row[] = [
  { weight: 40, make: (c) => ({ op: 'line', n: c.one(PINS), level: c.between(0, 1) }) },
  {
    weight: 25,
    make: (c) => ({
      op: 'redir',
      pin: c.chance(98) ? c.one(PINS) : c.between(24, 119),
      value: c.chance(85) ? entry(c) : entryBits(c),
    }),
  },
  { weight: 20, make: (c) => ({ op: 'eoi', vector: c.one(VECTORS) }) },
  {
    weight: 8,
    make: (c) => ({
      op: 'msi',
      addr: (0xfee00000 | (c.one(DESTINATIONS) << 12) | (c.chance(20) ? 4 : 0) | (c.chance(10) ? 8 : 0)) >>> 0,
      data: c.one(VECTORS) | (deliveryMode(c) << 8) | (c.between(0, 3) << 14),
    }),
  },
  { weight: 5, make: (c) => ({ op: 'reg', reg: c.chance(80) ? c.between(0, 0x3f) : c.between(0x40, 0xff) }) },
  {
    weight: 4,
    make: (c) => ({
      op: 'reg',
      reg: c.one([0, 1, 2, 3, 0x10, 0x11, 0x14, 0x18, 0x40]),
      value: Number(BigInt(entryBits(c)) & 0xffffffffn),
    }),
  },
  {
    weight: 3,
    make: (c) => ({
      op: 'read',
      addr: IOAPIC + c.one([0, 0x10, 0x20, 0x40, 0x100, 0x110, 0xff0]),
      size: c.one([4, 4, 1, 2]),
    }),
  },
  {
    weight: 3,
    make: (c) => ({
      op: 'write',
      addr: IOAPIC + c.one([0, 0x10, 0x40, 0x100, 0x140]),
      value: c.one([...VECTORS, 0x118]),
      size: c.one([4, 4, 1, 2]),
    }),
  },
];

const size = (list: unknown): string => {
  const text = String(list);
  return text === '' || text === '(none)' ? '0' : String(Math.min(3, text.split(/[ ,]/).length));
};

function features({ out, state }: OracleResult): string[] {
  const { ioapic, lapic } = state as unknown as { ioapic: { irr: number[] }; lapic: { irr: string }[] };
  const waiting = Object.values((state['redir'] ?? {}) as Record<string, string>).filter((e) => BigInt(e) & 0x4000n);
  return [
    `waiting ${Math.min(3, waiting.length)} irr ${size(ioapic.irr)} read ${out?.['value'] ?? ''}`,
    ...lapic.map((l, i) => `cpu ${i} irr ${size(l.irr)} ${l.irr.includes('level') ? 'level' : 'edge'}`),
  ];
}

/** The generator. */
export const q35Sequences: Generator = {
  open: (c) => ({ op: 'start', backend: 'ioapic', cpus: c.one([1, 2, 2, 3]), observe: ['redir', 'lapic', 'ioapic'] }),
  next: (c) => [c.weighted(ROWS).make(c)],
  features: (op, result) => [op.op, ...features(result)],
};
