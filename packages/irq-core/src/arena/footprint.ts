// Which bits of the arena a step read and wrote: observed, never declared by hand, exact to the bit.

/** Read and write masks, one word per arena word. */
export interface Footprint {
  readonly reads: Uint32Array;
  readonly writes: Uint32Array;
  /** The reads in the order they were made, as pairs (word, mask); bits read or written before are left out. */
  readonly order: number[];
}

/** An empty footprint for an arena of `words` 32-bit words. */
export function createFootprint(words: number): Footprint {
  return { reads: new Uint32Array(words), writes: new Uint32Array(words), order: [] };
}

/** Forgets everything recorded. */
export function clearFootprint(f: Footprint): void {
  f.reads.fill(0);
  f.writes.fill(0);
  f.order.length = 0;
}

const bitsOf = (offset: number, shift: number, width: number): number =>
  (width === 32 ? 0xffffffff : (1 << width) - 1) << ((offset & 3) * 8 + shift);

/** Notes a read of `width` bits at `shift` of the container at byte `offset`. Containers never straddle a word. */
export function noteRead(f: Footprint, offset: number, shift: number, width: number): void {
  const word = offset >> 2;
  const read = f.reads[word] as number;
  const news = bitsOf(offset, shift, width) & ~(read | (f.writes[word] as number));
  if (news === 0) return;
  f.reads[word] = read | news;
  f.order.push(word, news);
}

/** Notes a write of the same. A read of bits that the step itself has written is no read of the state before it. */
export function noteWrite(f: Footprint, offset: number, shift: number, width: number): void {
  const word = offset >> 2;
  f.writes[word] = (f.writes[word] as number) | bitsOf(offset, shift, width);
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
