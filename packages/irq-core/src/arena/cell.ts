// Reading and writing one scalar anywhere in the arena: the slow, general door used by diff, JSON and arrays.

import { noteRead, noteWrite } from './footprint.ts';
import type { Memory } from './memory.ts';

/** One scalar: container of `bytes` at byte `offset`, bits [shift, shift + width). */
export interface Cell {
  readonly offset: number;
  readonly bytes: 1 | 2 | 4;
  readonly shift: number;
  readonly width: number;
  readonly be: boolean;
}

export const maskOf = (width: number): number => (width === 32 ? 0xffffffff : (1 << width) - 1);

/** Swaps the bytes of a 32-bit word. */
export const swap32 = (v: number): number =>
  ((v << 24) | ((v & 0xff00) << 8) | ((v >>> 8) & 0xff00) | (v >>> 24)) >>> 0;
/** Swaps the bytes of a half word. */
export const swap16 = (v: number): number => ((v << 8) | (v >>> 8)) & 0xffff;

function loadRaw(m: Memory, offset: number, bytes: number): number {
  if (bytes === 1) return m.u8[offset] as number;
  if (bytes === 2) return m.u16[offset >> 1] as number;
  return m.u32[offset >> 2] as number;
}

function storeRaw(m: Memory, offset: number, bytes: number, value: number): void {
  if (bytes === 1) m.u8[offset] = value;
  else if (bytes === 2) m.u16[offset >> 1] = value;
  else m.u32[offset >> 2] = value;
}

/** Loads a cell as an unsigned number, recording the read if the memory records. */
export function load(m: Memory, c: Cell): number {
  if (m.footprint !== null) noteRead(m.footprint, c.offset, c.shift, c.width);
  const raw = loadRaw(m, c.offset, c.bytes);
  if (c.be) return c.bytes === 4 ? swap32(raw) : swap16(raw);
  return ((raw >>> c.shift) & maskOf(c.width)) >>> 0;
}

/** Stores a cell; bits beyond its width are cut off. */
export function store(m: Memory, c: Cell, value: number): void {
  if (m.footprint !== null) noteWrite(m.footprint, c.offset, c.shift, c.width);
  if (c.be) return storeRaw(m, c.offset, c.bytes, c.bytes === 4 ? swap32(value) : swap16(value & 0xffff));
  const mask = maskOf(c.width) << c.shift;
  const old = loadRaw(m, c.offset, c.bytes);
  storeRaw(m, c.offset, c.bytes, (old & ~mask) | ((value << c.shift) & mask));
}
