// The rings of a thread's context as 32-bit big-endian words: NSR to LSMFB, ACK# to PIPR, word 2 and word 3. Linux: arch/powerpc/include/asm/xive-regs.h.

import type { Ring, Thread } from './layout.ts';

const word0 = (r: Ring): number => ((r.nsr << 24) | (r.cppr << 16) | (r.ipb << 8) | r.lsmfb) >>> 0;
const word1 = (r: Ring): number => ((r.ack << 24) | (r.inc << 16) | (r.age << 8) | r.pipr) >>> 0;

const GET: readonly ((r: Ring) => number)[] = [word0, word1, (r) => r.w2, (r) => r.w3];

const PUT: readonly ((r: Ring, word: number) => void)[] = [
  (r, word) => {
    r.nsr = word >>> 24;
    r.cppr = (word >>> 16) & 0xff;
    r.ipb = (word >>> 8) & 0xff;
    r.lsmfb = word & 0xff;
  },
  (r, word) => {
    r.ack = word >>> 24;
    r.inc = (word >>> 16) & 0xff;
    r.age = (word >>> 8) & 0xff;
    r.pipr = word & 0xff;
  },
  (r, word) => {
    r.w2 = word;
  },
  (r, word) => {
    r.w3 = word;
  },
];

/** Word of a context at an offset, a multiple of 4 up to 0x3C. */
export const contextWord = (t: Thread, offset: number): number =>
  (GET[(offset >>> 2) & 3] as (r: Ring) => number)(t.rings.at(offset >>> 4));

/** Replaces the bits of `mask` in the word at an offset. */
export function putContextWord(t: Thread, offset: number, word: number, mask: number): void {
  const next = ((contextWord(t, offset) & ~mask) | (word & mask)) >>> 0;
  (PUT[(offset >>> 2) & 3] as (r: Ring, word: number) => void)(t.rings.at(offset >>> 4), next);
}

/** Reset: everything zero but the bytes that say "nothing". The thread keeps its identification. */
export function resetThread(t: Thread): void {
  for (let offset = 0; offset < 0x40; offset += 4) putContextWord(t, offset, 0, 0xffffffff);
  const os = t.rings.at(1);
  os.lsmfb = os.ack = os.age = os.pipr = 0xff;
  t.rings.at(3).pipr = 0xff;
  t.osLine = t.hvLine = 0;
}
