// Values that matter to a GIC: few interrupts, devices and collections, so that they meet; priorities around each other and around the mask.

import { hex } from '../arguments.ts';
import type { Op } from '../oracle.ts';
import type { Choose } from './choose.ts';

/** What a sequence runs on: the `start` that opened it. */
export interface Board {
  readonly backend: 'gicv2' | 'gicv3' | 'its';
  readonly cpus: number;
}

/** The board that a `start` made. */
export const boardOf = (opened: Op): Board => opened as unknown as Board;

const HOT_SPIS = [32, 40, 40, 41, 41, 42];
const PPIS = [16, 25, 27, 27, 30, 31];
const SGIS = [0, 5, 15];
const PRIORITIES = [0, 0x20, 0x7f, 0x80, 0xa0, 0xa0, 0xa8, 0xf0, 0xf8, 0xff];
const LPIS = [8192, 8192, 8193, 8193, 8194, 8200];

/** An SPI; 287 is the last one that has an input line. */
export const spi = (c: Choose): number => (c.chance(90) ? c.one(HOT_SPIS) : c.one([63, 64, 255, 256, 287]));
export const ppi = (c: Choose): number => c.one(PPIS);
export const sgi = (c: Choose): number => c.one(SGIS);
export const intid = (c: Choose): number => (c.chance(75) ? spi(c) : c.chance(70) ? ppi(c) : sgi(c));
export const priority = (c: Choose): number => c.one(PRIORITIES);
export const cpu = (c: Choose, { cpus }: Board): number => c.between(0, cpus - 1);
/** A CPU that exists, mostly. */
export const anyCpu = (c: Choose, on: Board): number => (c.chance(95) ? cpu(c, on) : 9);

/** An LPI. */
export const lpi = (c: Choose): number => c.one(LPIS);
/** One that can be mapped, or hardly ever one that cannot. */
export const anyLpi = (c: Choose): number => (c.chance(93) ? lpi(c) : c.one([0, 100, 1023, 8191, 0x10000, 0xffffffff]));
export const dev = (c: Choose): number => (c.chance(93) ? c.between(0, 2) : c.one([9, 8191, 8192, 0xffff]));
export const event = (c: Choose): number => (c.chance(93) ? c.between(0, 3) : c.one([15, 16, 255, 256, 300]));
export const icid = (c: Choose): number => (c.chance(93) ? c.between(0, 1) : c.one([2, 0xff, 0xffff]));

/** The bits of a few interrupts in the word `n` of a register with one bit for each. */
export function bits(c: Choose, n: number): string {
  const hot = [...HOT_SPIS, ...PPIS, ...SGIS].filter((id) => id >> 5 === n);
  const chosen = hot.length === 0 || c.chance(5) ? c.u32() : c.some(hot, 3).reduce((w, id) => w | (1 << (id & 31)), 0);
  return hex(chosen >>> 0);
}

/** Which word of such a register: mostly the one of the SPIs that meet. */
export const word = (c: Choose): number => c.one([0, 0, 1, 1, 1, 1, 2, 8, 9]);
