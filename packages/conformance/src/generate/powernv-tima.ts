// Raw and special accesses to the TIMA: any page, any ring, sizes that are allowed and sizes that are not. An address is a multiple of the size.

import { hex } from '../arguments.ts';
import type { Op } from '../oracle.ts';
import type { Choose } from './choose.ts';
import { type Backend, nvt, priority, thread } from './powernv-values.ts';

const RINGS = [0x00, 0x10, 0x20, 0x30];
/** Above 2 KiB: acknowledge, set pending, pull; others mean nothing. */
const SPECIAL_LOADS: readonly (readonly [off: number, size: number])[] = [
  [0x810, 2],
  [0x818, 4],
  [0x818, 8],
  [0x828, 4],
  [0x828, 8],
  [0x830, 2],
  [0x800, 8],
  [0x810, 4],
];
const SIZES = [1, 2, 4, 4, 8, 8];
const PAGES = [0, 1, 1, 2, 2, 3];
const VALID = 0x80000000n;

/** P10's indirect TIMA has the most privileged page only, and takes 8 bytes; a few others show that it refuses them. */
const pageOf = (c: Choose, on: Backend): number => (on === 'xive10' ? 0 : c.one(PAGES));
const sizeOf = (c: Choose, on: Backend): number => (on === 'xive10' && c.chance(85) ? 8 : c.one(SIZES));

const placeIn = (c: Choose, size: number): number => c.one(RINGS) + size * c.between(0, 16 / size - 1);

/** A load. */
export function timaLoad(c: Choose, on: Backend): Op {
  const page = pageOf(c, on);
  if (c.chance(30)) {
    const [off, size] = c.one(SPECIAL_LOADS.filter(([, s]) => on === 'xive9' || s === 8));
    return { op: 'tm_read', thread: thread(c), page, off, size };
  }
  const size = sizeOf(c, on);
  return { op: 'tm_read', thread: thread(c), page, off: placeIn(c, size), size };
}

/** Bytes of a ring as software might restore them: NSR, CPPR, IPB, LSMFB, ACK#, INC, AGE, PIPR. */
const ringBytes = (c: Choose): bigint =>
  [c.one([0, 0, 0x80]), c.one([0, 4, 0xff, 0xff]), c.one([0, 0, 2, 8, 0x80]), 0xff, 0xff, 0, 0xff, c.one([0xff, 4])]
    .map(BigInt)
    .reduce((value, byte) => (value << 8n) | byte);

/** Bits of word 2 between the valid bit and what POWER9 compares; POWER10 compares the low four of them. */
const ABOVE = [0x01000000n, 0x08000000n, 0x40000000n];
/** Word 2 of a ring and a word that is not there. */
const cam = (c: Choose): bigint =>
  ((c.chance(85) ? VALID : 0n) | (c.chance(12) ? c.one(ABOVE) : 0n) | BigInt(nvt(c))) << 32n;

const stored = (c: Choose, off: number, size: number): string => {
  const eight = off % 0x10 < 8 ? ringBytes(c) : cam(c);
  const from = BigInt(8 * (8 - (off % 8) - size));
  return hex((eight >> from) & ((1n << BigInt(8 * size)) - 1n));
};

/** A store. */
export function timaStore(c: Choose, on: Backend): Op {
  const page = pageOf(c, on);
  if (c.chance(25) && on === 'xive9')
    return { op: 'tm_write', thread: thread(c), page, off: c.one([0x812, 0x812, 0x810]), size: 1, value: priority(c) };
  const size = sizeOf(c, on);
  const off = placeIn(c, size);
  return { op: 'tm_write', thread: thread(c), page, off, size, value: stored(c, off, size) };
}

/** Makes an NVT the OS context of a thread, with a CPPR, in the way that a generation's indirect TIMA allows. */
export function dispatch(c: Choose, on: Backend, context: number): Op[] {
  const t = thread(c);
  if (on === 'xive9')
    return [
      { op: 'push_os', nvt: context, thread: t },
      { op: 'cppr', value: c.chance(70) ? 0xff : 5, thread: t },
    ];
  const word2 = hex((VALID | BigInt(context)) << 32n);
  return [
    { op: 'tm_write', thread: t, page: 0, off: 0x10, size: 8, value: '0xff00ffff00ff00' },
    { op: 'tm_write', thread: t, page: 0, off: 0x18, size: 8, value: word2 },
  ];
}
