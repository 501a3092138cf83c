// Field-wise difference of two states of one layout, by name.

import { type Cell, load } from './cell.ts';
import type { StructKind } from './kinds.ts';
import { createMemory, type Memory } from './memory.ts';
import { walk } from './walk.ts';

/** One changed field: a number, a 64-bit hex string, or the members of a bitmap. */
export interface Change {
  readonly path: string;
  readonly before: number | string | readonly number[];
  readonly after: number | string | readonly number[];
}

function view(bytes: Uint8Array): Memory {
  const m = createMemory(bytes.length, null, () => undefined);
  m.u8.set(bytes);
  return m;
}

function same(a: Uint8Array, b: Uint8Array, from: number, size: number): boolean {
  for (let i = from; i < from + size; i++) if (a[i] !== b[i]) return false;
  return true;
}

const hex64 = (m: Memory, lo: Cell, hi: Cell): string =>
  `0x${((BigInt(load(m, hi)) << 32n) | BigInt(load(m, lo))).toString(16)}`;

function members(m: Memory, offset: number, bits: number): number[] {
  const list: number[] = [];
  for (let b = 0; b < bits; b++) if (((m.u32[(offset >> 2) + (b >> 5)] as number) >>> (b & 31)) & 1) list.push(b);
  return list;
}

/** Changes from `before` to `after`, in declaration order. Both are raw arena bytes of this layout. */
export function diffBytes(kind: StructKind, before: Uint8Array, after: Uint8Array): Change[] {
  const [a, b] = [view(before), view(after)];
  const changes: Change[] = [];
  const note = <T extends Change['before']>(path: string, was: T, is: T): void => {
    if (JSON.stringify(was) !== JSON.stringify(is)) changes.push({ path, before: was, after: is });
  };
  walk(kind, '', 0, {
    enter: (_path, offset, size) => !same(before, after, offset, size),
    scalar: (path, cell) => note(path, load(a, cell), load(b, cell)),
    u64: (path, lo, hi) => note(path, hex64(a, lo, hi), hex64(b, lo, hi)),
    bitmap: (path, offset, bits) => note(path, members(a, offset, bits), members(b, offset, bits)),
  });
  return changes;
}
