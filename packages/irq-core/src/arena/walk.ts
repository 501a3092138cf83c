// Walks a declared layout: every scalar with its path, in declaration order. The base of JSON, diff and the fingerprint.

import { cellAt } from './arrays.ts';
import type { Cell } from './cell.ts';
import type { Kind, StructKind } from './kinds.ts';
import { extent, type Placement, place, poolHeader } from './placement.ts';
import { strideOf } from './view.ts';

/** Called for each part of the layout; return false to skip what is inside. */
export interface Visitor {
  /** A struct, array or pool begins at [offset, offset + size). */
  enter?(path: string, offset: number, size: number): boolean;
  scalar(path: string, cell: Cell): void;
  u64(path: string, lo: Cell, hi: Cell): void;
  bitmap(path: string, offset: number, bits: number): void;
}

const join = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

function half(offset: number, be: boolean): Cell {
  return { offset, bytes: 4, shift: 0, width: 32, be };
}

function walkField(p: Placement, path: string, base: number, v: Visitor): void {
  const at = base + p.offset;
  if (p.kind.tag === 'bits') v.scalar(path, { offset: at, bytes: p.bytes, shift: p.shift, width: p.width, be: false });
  else walk(p.kind, path, at, v);
}

function walkElements({ of, length }: { of: Kind; length: number }, path: string, at: number, v: Visitor): void {
  const stride = strideOf(of);
  for (let i = 0; i < length; i++) walk(of, `${path}[${i}]`, at + i * stride, v);
}

/** Walks `kind` placed at byte offset `at`. */
export function walk(kind: Kind, path: string, at: number, v: Visitor): void {
  switch (kind.tag) {
    case 'int':
    case 'bits':
      return v.scalar(path, cellAt(kind, at));
    case 'u64':
      return v.u64(path, half(at + (kind.be ? 4 : 0), kind.be), half(at + (kind.be ? 0 : 4), kind.be));
    case 'bitmap':
      return v.bitmap(path, at, kind.bits);
    case 'array':
      if (v.enter?.(path, at, extent(kind).size) === false) return;
      return walkElements(kind, path, at, v);
    case 'struct':
      if (v.enter?.(path, at, extent(kind).size) === false) return;
      for (const p of place(kind as StructKind).fields) walkField(p, join(path, p.name), at, v);
      return;
    case 'pool': {
      if (v.enter?.(path, at, extent(kind).size) === false) return;
      const header = poolHeader(kind.length);
      for (let i = 0; i < kind.length; i++)
        v.scalar(`${path}.generation[${i}]`, { offset: at + i, bytes: 1, shift: 0, width: 8, be: false });
      v.bitmap(`${path}.inUse`, at + header.inUse, kind.length);
      return walkElements(kind, path, at + header.slots, v);
    }
  }
}
