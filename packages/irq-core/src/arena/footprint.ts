// Which bits of the arena a step read and wrote: observed, never declared by hand, exact to the bit.

/** Read and write masks, one word per arena word. */
export interface Footprint {
  readonly reads: Uint32Array;
  readonly writes: Uint32Array;
}

/** An empty footprint for an arena of `words` 32-bit words. */
export function createFootprint(words: number): Footprint {
  return { reads: new Uint32Array(words), writes: new Uint32Array(words) };
}

/** Forgets everything recorded. */
export function clearFootprint(f: Footprint): void {
  f.reads.fill(0);
  f.writes.fill(0);
}

/** Notes `width` bits at `shift` of the container at byte `offset`. Containers never straddle a word. */
export function note(mask: Uint32Array, offset: number, shift: number, width: number): void {
  const at = (offset & 3) * 8 + shift;
  const ones = width === 32 ? 0xffffffff : (1 << width) - 1;
  mask[offset >> 2] = (mask[offset >> 2] as number) | (ones << at);
}

/** True if the two footprints conflict: one writes a bit that the other reads or writes. */
export function conflicts(a: Footprint, b: Footprint): boolean {
  for (let i = 0; i < a.reads.length; i++) {
    const wa = a.writes[i] as number;
    const wb = b.writes[i] as number;
    if ((wa & (wb | (b.reads[i] as number))) !== 0 || (wb & (a.reads[i] as number)) !== 0) return true;
  }
  return false;
}
