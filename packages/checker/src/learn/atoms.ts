// The arena cut into atoms: the smallest runs of bits that any declared field, bitmap member or frame of locals treats as one.

import { walk } from '@virq/irq-core/arena';
import type { System } from '@virq/irq-core/protocol';

/** One run of bits within an arena word. */
export interface Atom {
  readonly word: number;
  readonly shift: number;
  readonly mask: number;
}

/** All atoms of a layout; an atom's id is its index in `list`. */
export interface Atoms {
  readonly list: readonly Atom[];
  /** Appends the ids of the atoms that overlap the given bits. */
  within(word: number, bits: number, out: number[]): void;
  /** Atom that begins at a byte. */
  at(byte: number): number;
}

/** Bits where an atom begins, as declared by the layout and by every frame that can lie in a process slot. */
function cutsOf({ arena, processes }: System): Uint8Array {
  const cuts = new Uint8Array(arena.words.length * 32 + 1);
  const cut = (from: number, width: number): void => {
    cuts[from] = 1;
    cuts[from + width] = 1;
  };
  const visitor = {
    scalar: (_: string, c: { offset: number; shift: number; width: number }) => cut(c.offset * 8 + c.shift, c.width),
    u64(_: string, lo: { offset: number }, hi: { offset: number }) {
      cut(lo.offset * 8, 32);
      cut(hi.offset * 8, 32);
    },
    bitmap(_: string, offset: number, bits: number) {
      for (let b = 0; b < bits; b++) cut(offset * 8 + b, 1);
    },
  };
  walk(arena.kind, '', 0, visitor);
  for (let pid = 0; pid < processes.capacity; pid++)
    for (const protocol of processes.protocols) walk(protocol.locals, '', processes.placeOf(pid).locals, visitor);
  for (let bit = 0; bit < cuts.length; bit += 32) cuts[bit] = 1;
  return cuts;
}

/** Cuts the arena of a system into atoms. */
export function atomsOf(system: System): Atoms {
  const cuts = cutsOf(system);
  const list: Atom[] = [];
  const ofBit = new Int32Array(cuts.length - 1);
  for (let from = 0; from < ofBit.length; ) {
    let to = from + 1;
    while (cuts[to] === 0) to++;
    const width = to - from;
    ofBit.fill(list.length, from, to);
    list.push({ word: from >> 5, shift: from & 31, mask: width === 32 ? -1 : (1 << width) - 1 });
    from = to;
  }
  return {
    list,
    at: (byte) => ofBit[byte * 8] as number,
    within(word, bits, out) {
      let last = -1;
      for (let rest = bits; rest !== 0; rest &= rest - 1) {
        const id = ofBit[word * 32 + 31 - Math.clz32(rest & -rest)] as number;
        if (id !== last) out.push(id);
        last = id;
      }
    },
  };
}

/** Value of an atom in a state. */
export const loadAtom = (words: Uint32Array, a: Atom): number =>
  (((words[a.word] as number) >>> a.shift) & a.mask) >>> 0;

/** Puts a value into a state. */
export function storeAtom(words: Uint32Array, a: Atom, value: number): void {
  words[a.word] = ((words[a.word] as number) & ~(a.mask << a.shift)) | ((value & a.mask) << a.shift);
}
