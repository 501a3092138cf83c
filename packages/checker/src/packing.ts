// How a state is kept: only the bits of the arena that ever change, squeezed into as few 32-bit words as they need.

/** A run of bits that moves as one: bits [from, from + width) of arena word `word` ↔ bits [to, …) of packed word `packed`. */
export interface BitRun {
  readonly word: number;
  readonly from: number;
  readonly width: number;
  readonly packed: number;
  readonly to: number;
}

/** The current idea of which bits change, and the code that packs and unpacks them. */
export interface Packing {
  /** 32-bit words of a packed state, at least 1. */
  readonly width: number;
  readonly bits: number;
  readonly runs: readonly BitRun[];
  /** Arena words → out[at …]. */
  pack(words: Uint32Array, out: Int32Array, at: number): void;
  /** from[at …] → arena words; words that never change are left alone. */
  unpack(from: Int32Array, at: number, words: Uint32Array): void;
  /** True if a bit outside the packing differs from the base: the packing must grow. */
  escapes(words: Uint32Array): boolean;
}

/** Contiguous runs of ones in a mask, low bit first. */
function runsOf(mask: number): { from: number; width: number }[] {
  const runs: { from: number; width: number }[] = [];
  for (let bit = 0; bit < 32; bit++) {
    if (((mask >>> bit) & 1) === 0) continue;
    const from = bit;
    while (bit < 32 && ((mask >>> bit) & 1) === 1) bit++;
    runs.push({ from, width: bit - from });
  }
  return runs;
}

/** First-fit decreasing: a run never straddles packed words. */
function layOut(varying: Uint32Array): { runs: BitRun[]; width: number } {
  const pieces = [...varying].flatMap((mask, word) => runsOf(mask).map((r) => ({ word, ...r })));
  pieces.sort((a, b) => b.width - a.width || a.word - b.word || a.from - b.from);
  const used: number[] = [];
  const runs = pieces.map((p): BitRun => {
    let packed = used.findIndex((n) => n + p.width <= 32);
    if (packed < 0) packed = used.push(0) - 1;
    const to = used[packed] as number;
    used[packed] = to + p.width;
    return { ...p, packed, to };
  });
  return { runs, width: Math.max(1, used.length) };
}

const ones = (width: number): number => (width === 32 ? -1 : (1 << width) - 1);

function packSource(runs: readonly BitRun[], width: number): string {
  const terms: string[][] = Array.from({ length: width }, () => []);
  for (const r of runs) {
    const field = r.width === 32 ? `w[${r.word}]` : `((w[${r.word}] >>> ${r.from}) & ${ones(r.width)})`;
    terms[r.packed]?.push(r.to === 0 ? field : `(${field} << ${r.to})`);
  }
  return terms.map((t, i) => `o[a + ${i}] = ${t.length === 0 ? '0' : t.join(' | ')};`).join('\n');
}

function unpackSource(runs: readonly BitRun[], base: Uint32Array, varying: Uint32Array): string {
  const byWord = new Map<number, BitRun[]>();
  for (const r of runs) byWord.set(r.word, [...(byWord.get(r.word) ?? []), r]);
  return [...byWord]
    .map(([word, list]) => {
      const fields = list.map((r) => `(((f[a + ${r.packed}] >>> ${r.to}) & ${ones(r.width)}) << ${r.from})`);
      const fixed = (base[word] as number) & ~(varying[word] as number);
      return `w[${word}] = ${[...(fixed === 0 ? [] : [String(fixed)]), ...fields].join(' | ')};`;
    })
    .join('\n');
}

function escapesSource(base: Uint32Array, varying: Uint32Array): string {
  const terms = [...varying].flatMap((mask, word) =>
    mask === 0xffffffff ? [] : [`((w[${word}] ^ ${base[word]}) & ${~mask})`],
  );
  const groups: string[] = [];
  for (let i = 0; i < terms.length; i += 64) groups.push(`if ((${terms.slice(i, i + 64).join(' | ')}) !== 0) return true;`);
  return `${groups.join('\n')}\nreturn false;`;
}

/** Compiles the packing for a base state and the mask of bits that vary. The generated code is straight-line and monomorphic. */
export function compilePacking(base: Uint32Array, varying: Uint32Array): Packing {
  const { runs, width } = layOut(varying);
  const bits = runs.reduce((n, r) => n + r.width, 0);
  return {
    width,
    bits,
    runs,
    pack: new Function('w', 'o', 'a', packSource(runs, width)) as Packing['pack'],
    unpack: new Function('f', 'a', 'w', unpackSource(runs, base, varying)) as Packing['unpack'],
    escapes: new Function('w', escapesSource(base, varying)) as Packing['escapes'],
  };
}
