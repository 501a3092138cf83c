// Where each field of a declared layout lies: natural alignment, bit fields packed low bit first within 32-bit words.

import type { Kind, StructKind } from './kinds.ts';

/** Where a field lies relative to its struct. `shift` and `width` are bits inside the container of `bytes` at `offset`. */
export interface Placement {
  readonly name: string;
  readonly kind: Kind;
  /** Byte offset of the field, or of the container of a bit field. */
  readonly offset: number;
  /** Container size of a bit field. */
  readonly bytes: 1 | 2 | 4;
  readonly shift: number;
  readonly width: number;
}

/** Size and field placements of a struct. */
export interface StructPlacement {
  readonly size: number;
  readonly align: number;
  readonly fields: readonly Placement[];
}

/** Size and alignment of a kind, bytes. */
export interface Extent {
  readonly size: number;
  readonly align: number;
}

const alignUp = (n: number, align: number): number => Math.ceil(n / align) * align;
const cache = new WeakMap<object, StructPlacement>();

/** Bytes before the first slot of a pool: one generation byte per slot, then the in-use bitmap, then padding to a word. */
export function poolHeader(length: number): { generation: number; inUse: number; slots: number } {
  const inUse = alignUp(length, 4);
  return { generation: 0, inUse, slots: inUse + alignUp(length, 32) / 8 };
}

/** Size and alignment of one kind standing on its own. */
export function extent(kind: Kind): Extent {
  switch (kind.tag) {
    case 'int':
      return { size: kind.bytes, align: kind.bytes };
    case 'bits':
      return bitsContainer(kind.bits);
    case 'u64':
      return { size: 8, align: 4 };
    case 'bitmap':
      return { size: alignUp(kind.bits, 32) / 8, align: 4 };
    case 'array': {
      const of = extent(kind.of);
      return { size: alignUp(of.size, of.align) * kind.length, align: of.align };
    }
    case 'struct':
      return place(kind as StructKind);
    case 'pool': {
      const of = place(kind.of);
      return { size: alignUp(poolHeader(kind.length).slots + of.size * kind.length, 4), align: 4 };
    }
  }
}

function bitsContainer(width: number): { size: 1 | 2 | 4; align: 1 | 2 | 4 } {
  const size = width <= 8 ? 1 : width <= 16 ? 2 : 4;
  return { size, align: size };
}

/** The smallest aligned container that holds bits [at, at + width) of a word. */
function containerOf(at: number, width: number): { offset: number; bytes: 1 | 2 | 4; shift: number } {
  for (const bytes of [1, 2, 4] as const) {
    const size = bytes * 8;
    const start = Math.floor(at / size) * size;
    if (at + width <= start + size) return { offset: start / 8, bytes, shift: at - start };
  }
  throw new RangeError(`a field of ${width} bits at bit ${at} straddles a word`);
}

/** Places the fields of a struct. The result is cached per declaration. */
export function place(kind: StructKind): StructPlacement {
  const known = cache.get(kind);
  if (known !== undefined) return known;
  const fields: Placement[] = [];
  let bit = 0;
  let align = 1;
  for (const [name, field] of Object.entries(kind.fields)) {
    if (field.tag === 'bits') {
      if ((bit % 32) + field.bits > 32) bit = alignUp(bit, 32);
      const word = Math.floor(bit / 32) * 4;
      const at = containerOf(bit % 32, field.bits);
      fields.push({ name, kind: field, offset: word + at.offset, bytes: at.bytes, shift: at.shift, width: field.bits });
      align = Math.max(align, at.bytes);
      bit += field.bits;
      continue;
    }
    const { size, align: fieldAlign } = extent(field);
    const offset = alignUp(Math.ceil(bit / 8), fieldAlign);
    const bytes = field.tag === 'int' ? field.bytes : 4;
    fields.push({ name, kind: field, offset, bytes, shift: 0, width: bytes * 8 });
    align = Math.max(align, fieldAlign);
    bit = (offset + size) * 8;
  }
  const placed = { size: alignUp(Math.ceil(bit / 8), align), align, fields };
  cache.set(kind, placed);
  return placed;
}
