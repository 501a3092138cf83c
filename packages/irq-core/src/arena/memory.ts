// The buffer behind an arena, seen as bytes, half words and words at once, with the optional record of what was touched.

import type { Footprint } from './footprint.ts';

/** What a view does with a handle whose slot was freed (and perhaps reused) meanwhile. */
export type StaleHandler = (pool: string, handle: number) => void;

/** One buffer, three widths. Little-endian hosts only, as every JavaScript engine in use is. */
export interface Memory {
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly u32: Uint32Array;
  /** Null in normal runs; in recording mode every access is noted here. */
  readonly footprint: Footprint | null;
  /** Called when a stale handle is dereferenced; throws by default. */
  onStale: StaleHandler;
}

/** Wraps `size` bytes (rounded up to words). */
export function createMemory(size: number, footprint: Footprint | null, onStale: StaleHandler): Memory {
  const buffer = new ArrayBuffer(Math.ceil(size / 4) * 4);
  return {
    u8: new Uint8Array(buffer),
    u16: new Uint16Array(buffer),
    u32: new Uint32Array(buffer),
    footprint,
    onStale,
  };
}
