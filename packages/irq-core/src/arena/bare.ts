// Structs without views: where their fields lie in the words of the arena, for the few paths whose cost is that of their accesses.

import type { ViewBase } from './accessors.ts';
import { maskOf } from './cell.ts';
import type { StructKind } from './kinds.ts';
import { place } from './placement.ts';

/** The arena as words, half words and bytes. */
export interface Bare {
  readonly words: Uint32Array;
  readonly halves: Uint16Array;
  readonly bytes: Uint8Array;
}

/** The arena behind a view; null if it records accesses, which these would escape. */
export function bareOf(view: object): Bare | null {
  const { u8, u16, u32, footprint } = (view as ViewBase)._m;
  return footprint === null ? { words: u32, halves: u16, bytes: u8 } : null;
}

/** Byte offset of a struct in its arena. */
export const addressOf = (view: object): number => (view as ViewBase)._at;

/** Where a field lies from the start of its struct, which has to begin at a word for `word`: index of its byte, half word and word; shift and mask, in its place, in the word. */
export interface Spot {
  readonly byte: number;
  readonly half: number;
  readonly word: number;
  readonly shift: number;
  readonly mask: number;
}

/** The spot of a scalar field; a path like `vmcr.pmr` leads into structs. */
export function spotOf(kind: StructKind, path: string): Spot {
  const [name, ...rest] = path.split('.');
  const p = place(kind).fields.find((field) => field.name === name);
  if (p === undefined) throw new RangeError(`${kind.name} has no ${path}`);
  if (rest.length > 0) return moved(spotOf(p.kind as StructKind, rest.join('.')), p.offset);
  return moved({ byte: 0, half: 0, word: 0, shift: p.shift, mask: maskOf(p.width) << p.shift }, p.offset);
}

function moved({ byte, shift, mask }: Spot, by: number): Spot {
  const at = byte + by;
  const start = (byte & 3) * 8;
  const end = (at & 3) * 8;
  const bits = mask >>> start;
  return { byte: at, half: at >> 1, word: at >> 2, shift: shift - start + end, mask: bits << end };
}

/** Bytes from one struct to the next in an array. */
export function strideOf(kind: StructKind): number {
  const { size, align } = place(kind);
  return Math.ceil(size / align) * align;
}
