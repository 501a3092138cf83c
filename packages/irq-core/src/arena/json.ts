// Arena state as JSON and back. Lossless: what is not printed is zero. Arrays print as objects keyed by index.

import { VirqError } from '../errors.ts';
import { cellAt } from './arrays.ts';
import { type Cell, load, store } from './cell.ts';
import type { Kind, StructKind } from './kinds.ts';
import type { Memory } from './memory.ts';
import { type Placement, place, poolHeader } from './placement.ts';
import { strideOf } from './view.ts';

/** JSON form of a state. u64 as hex string, bitmap as list of members, pool with `generation` and `inUse`. */
export type StateJson = { readonly [field: string]: JsonValue };
type JsonValue = number | string | readonly number[] | StateJson;

/** Kind of a pool's generation counters. */
const BYTE: Kind = { tag: 'int', bytes: 1, be: false };

const halves = (at: number, be: boolean): { lo: Cell; hi: Cell } => {
  const half = (offset: number): Cell => ({ offset, bytes: 4, shift: 0, width: 32, be });
  return be ? { lo: half(at + 4), hi: half(at) } : { lo: half(at), hi: half(at + 4) };
};

const fieldCell = (p: Placement, at: number): Cell =>
  p.kind.tag === 'bits'
    ? { offset: at + p.offset, bytes: p.bytes, shift: p.shift, width: p.width, be: false }
    : cellAt(p.kind as { tag: 'int'; bytes: 1 | 2 | 4; be: boolean }, at + p.offset);

function bitsOut(m: Memory, at: number, bits: number): number[] {
  const list: number[] = [];
  for (let b = 0; b < bits; b++) if (((m.u32[(at >> 2) + (b >> 5)] as number) >>> (b & 31)) & 1) list.push(b);
  return list;
}

const isZero = (v: JsonValue): boolean =>
  v === 0 || v === '0x0' || (typeof v === 'object' && Object.keys(v).length === 0);

function elementsOut(m: Memory, of: Kind, length: number, at: number): StateJson {
  const stride = strideOf(of);
  const out: Record<string, JsonValue> = {};
  for (let i = 0; i < length; i++) {
    const v = valueOut(m, of, at + i * stride);
    if (!isZero(v)) out[i] = v;
  }
  return out;
}

function valueOut(m: Memory, kind: Kind, at: number): JsonValue {
  switch (kind.tag) {
    case 'int':
    case 'bits':
      return load(m, cellAt(kind, at));
    case 'u64': {
      const { lo, hi } = halves(at, kind.be);
      return `0x${((BigInt(load(m, hi)) << 32n) | BigInt(load(m, lo))).toString(16)}`;
    }
    case 'bitmap':
      return bitsOut(m, at, kind.bits);
    case 'array':
      return elementsOut(m, kind.of, kind.length, at);
    case 'struct':
      return structOut(m, kind as StructKind, at);
    case 'pool': {
      const h = poolHeader(kind.length);
      const out: Record<string, JsonValue> = { ...elementsOut(m, kind.of, kind.length, at + h.slots) };
      const generation = elementsOut(m, BYTE, kind.length, at);
      const inUse = bitsOut(m, at + h.inUse, kind.length);
      if (!isZero(generation)) out['generation'] = generation;
      if (inUse.length > 0) out['inUse'] = inUse;
      return out;
    }
  }
}

function structOut(m: Memory, kind: StructKind, at: number): StateJson {
  const out: Record<string, JsonValue> = {};
  for (const p of place(kind).fields) {
    const v = p.kind.tag === 'bits' ? load(m, fieldCell(p, at)) : valueOut(m, p.kind, at + p.offset);
    if (!isZero(v)) out[p.name] = v;
  }
  return out;
}

/** The state as JSON; zero fields and empty elements are left out. */
export function toJson(m: Memory, kind: StructKind): StateJson {
  return structOut(m, kind, 0);
}

const bad = (path: string, what: string): VirqError =>
  new VirqError('VIRQ-A003', `state JSON: ${path === '' ? 'the state' : path} ${what}`);

function numberIn(path: string, v: unknown, width: number): number {
  if (typeof v !== 'number' || !Number.isInteger(v) || v < 0 || v >= 2 ** width)
    throw bad(path, `is ${JSON.stringify(v)}, expected an integer of ${width} bits`);
  return v;
}

function entriesIn(path: string, v: unknown): [string, unknown][] {
  if (typeof v !== 'object' || v === null || Array.isArray(v)) throw bad(path, 'is not an object');
  return Object.entries(v);
}

/** Where a value goes: memory, byte offset, and the path for messages. */
interface Place {
  readonly m: Memory;
  readonly at: number;
  readonly path: string;
}

const inside = (p: Place, name: string, offset: number): Place => ({
  m: p.m,
  at: p.at + offset,
  path: name.startsWith('[') || p.path === '' ? p.path + name : `${p.path}.${name}`,
});

function bitsIn({ m, at, path }: Place, bits: number, v: unknown): void {
  if (!Array.isArray(v)) throw bad(path, 'is not a list of bit numbers');
  for (const b of v) {
    if (!Number.isInteger(b) || b < 0 || b >= bits) throw bad(path, `has member ${b}, expected 0..${bits - 1}`);
    const i = (at >> 2) + (b >> 5);
    m.u32[i] = (m.u32[i] as number) | (1 << (b & 31));
  }
}

function elementsIn(p: Place, of: Kind, length: number, v: unknown): void {
  for (const [key, value] of entriesIn(p.path, v)) {
    const i = Number(key);
    if (!Number.isInteger(i) || i < 0 || i >= length)
      throw bad(p.path, `has index '${key}', expected 0..${length - 1}`);
    valueIn(inside(p, `[${key}]`, i * strideOf(of)), of, value);
  }
}

function u64In({ m, at, path }: Place, be: boolean, v: unknown): void {
  if (typeof v !== 'string' || !/^0x[0-9a-f]{1,16}$/i.test(v)) throw bad(path, 'is not a hex string of 64 bits');
  const { lo, hi } = halves(at, be);
  store(m, lo, Number(BigInt(v) & 0xffffffffn));
  store(m, hi, Number(BigInt(v) >> 32n));
}

function poolIn(p: Place, kind: Kind & { tag: 'pool' }, v: unknown): void {
  const h = poolHeader(kind.length);
  const { generation, inUse, ...slots } = Object.fromEntries(entriesIn(p.path, v));
  if (generation !== undefined) elementsIn(inside(p, 'generation', 0), BYTE, kind.length, generation);
  if (inUse !== undefined) bitsIn(inside(p, 'inUse', h.inUse), kind.length, inUse);
  elementsIn({ ...p, at: p.at + h.slots }, kind.of, kind.length, slots);
}

function valueIn(p: Place, kind: Kind, v: unknown): void {
  switch (kind.tag) {
    case 'int':
    case 'bits': {
      const cell = cellAt(kind, p.at);
      return store(p.m, cell, numberIn(p.path, v, cell.width));
    }
    case 'u64':
      return u64In(p, kind.be, v);
    case 'bitmap':
      return bitsIn(p, kind.bits, v);
    case 'array':
      return elementsIn(p, kind.of, kind.length, v);
    case 'struct':
      return structIn(p, kind as StructKind, v);
    case 'pool':
      return poolIn(p, kind, v);
  }
}

function structIn(p: Place, kind: StructKind, v: unknown): void {
  const fields = new Map(place(kind).fields.map((f) => [f.name, f]));
  for (const [name, value] of entriesIn(p.path, v)) {
    const f = fields.get(name);
    const to = inside(p, name, f?.offset ?? 0);
    if (f === undefined) throw bad(to.path, `is no field of ${kind.name}`);
    if (f.kind.tag === 'bits') store(p.m, fieldCell(f, p.at), numberIn(to.path, value, f.width));
    else valueIn(to, f.kind, value);
  }
}

/** Replaces the whole state by the JSON. Throws VIRQ-A003 and leaves the state untouched if the JSON does not fit the layout. */
export function fromJson(m: Memory, kind: StructKind, json: unknown): void {
  const before = m.u8.slice();
  m.u8.fill(0);
  try {
    structIn({ m, at: 0, path: '' }, kind, json);
  } catch (error) {
    m.u8.set(before);
    throw error;
  }
}
