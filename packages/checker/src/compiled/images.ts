// Images of packed states under the permutations of a system, by tables: one lookup per group of fields.

import type { Knowledge } from '../learn/knowledge.ts';
import type { Field, Packing } from '../learn/packing.ts';
import type { Permutation } from '../reduce/symmetry.ts';

/** Bits of one group: its table has 2^bits entries. */
const GROUP = 9;

/** Fields of one word that are looked up together. */
export interface Group {
  readonly word: number;
  readonly shift: number;
  readonly bits: number;
  /** Entry × width + output word → bits to put there. */
  readonly table: Int32Array;
}

/** Bits that the lookups of some fields span, from the lowest of the first to the highest of the last. */
export function spanOf(fields: readonly Field[]): number {
  const [first, last] = [fields[0] as Field, fields.at(-1) as Field];
  return last.shift + 32 - Math.clz32(last.mask) - first.shift;
}

/** Lookup groups of every permutation. */
export type Images = readonly (readonly Group[])[];

/** Makes known, for every value of an atom, its images at the images of the atom. */
export function closeSymbols({ learner: { symbols }, images }: Knowledge): void {
  for (let i = 0; i < symbols.varying.length; i++) {
    const atom = symbols.varying[i] as number;
    for (const p of images)
      for (let s = 0; s < symbols.count(atom); s++) symbols.of(p.atom(atom), p.value(atom, symbols.value(atom, s)));
  }
  const total = (): number => symbols.varying.reduce((n, atom) => n + symbols.count(atom), 0);
  const before = total();
  for (const atom of [...symbols.varying])
    for (const p of images)
      for (let s = 0; s < symbols.count(atom); s++) symbols.of(p.atom(atom), p.value(atom, symbols.value(atom, s)));
  if (total() !== before) closeSymbols({ learner: { symbols }, images } as Knowledge);
}

/** Fields that one lookup can serve: neighbours in a word. */
export function grouped(fields: readonly Field[]): Field[][] {
  const groups: Field[][] = [];
  for (const f of [...fields].sort((a, b) => a.word - b.word || a.shift - b.shift)) {
    const last = groups.at(-1);
    const first = last?.[0];
    const width = 32 - Math.clz32(f.mask);
    if (last !== undefined && first?.word === f.word && f.shift + width - first.shift <= GROUP) last.push(f);
    else groups.push([f]);
  }
  return groups;
}

function groupTable(
  { learner: { symbols } }: Knowledge,
  packing: Packing,
  p: Permutation,
  fields: readonly Field[],
): Group {
  const first = fields[0] as Field;
  const bits = spanOf(fields);
  const table = new Int32Array(2 ** bits * packing.width);
  for (let entry = 0; entry < 2 ** bits; entry++)
    for (const f of fields) {
      const symbol = (entry >>> (f.shift - first.shift)) & f.mask;
      if (symbol >= symbols.count(f.atom)) continue;
      const atom = p.atom(f.atom);
      const to = packing.of(atom) as Field;
      const image = symbols.of(atom, p.value(f.atom, symbols.value(f.atom, symbol)));
      const at = entry * packing.width + to.word;
      table[at] = (table[at] as number) | (image << to.shift);
    }
  return { word: first.word, shift: first.shift, bits, table };
}

/** Tables of all permutations for a packing that has room for all images. */
export const imagesOf = (k: Knowledge, packing: Packing): Images =>
  k.images.map((p) => grouped(packing.fields).map((fields) => groupTable(k, packing, p, fields)));

/** The least image of a packed state, in place. */
export function leastImage(images: Images, state: Int32Array): Int32Array {
  const { length: width } = state;
  let least = state;
  for (const groups of images) {
    const image = new Int32Array(width);
    image[0] = 1 << 31;
    for (const g of groups) {
      const entry = (((state[g.word] as number) >>> g.shift) & (2 ** g.bits - 1)) * width;
      for (let w = 0; w < width; w++) image[w] = (image[w] as number) | (g.table[entry + w] as number);
    }
    if (isLess(image, least)) least = image;
  }
  return least;
}

function isLess(a: Int32Array, b: Int32Array): boolean {
  for (let w = 0; w < a.length; w++) if (a[w] !== b[w]) return (a[w] as number) < (b[w] as number);
  return false;
}

/** The function store: inserts the least image of the state w0, w1, … */
export function storeLeastCode(images: Images, width: number): string {
  const names = (prefix: string): string[] => Array.from({ length: width }, (_, i) => `${prefix}${i}`);
  const [w, m, b] = [names('w'), names('m'), names('b')];
  let table = 0;
  const image = (groups: readonly Group[]): string => {
    const looked = groups.map((g) => {
      const name = `L${table++}`;
      return { name, entry: `((w${g.word} >>> ${g.shift}) & ${2 ** g.bits - 1}) * ${width}` };
    });
    const entries = looked.map(
      ({ name, entry }) => `e = ${entry}; ${m.map((x, i) => `${x} |= ${name}[e + ${i}];`).join(' ')}`,
    );
    const less = m.map(
      (_, i) => `(${[...m.slice(0, i).map((x, k) => `${x} === b${k}`), `m${i} < b${i}`].join(' && ')})`,
    );
    return `${m.map((x, i) => `${x} = ${i === 0 ? 1 << 31 : 0};`).join(' ')} ${entries.join(' ')}
    if (${less.join(' || ')}) { ${b.map((x, i) => `${x} = m${i};`).join(' ')} }`;
  };
  const body = images.map(image).join('\n');
  return `const ${Array.from({ length: table }, (_, i) => `L${i} = host.tables[${i}]`).join(', ') || 'none = 0'};
function store(${w.join(', ')}) {
  let e = 0, ${[...b.map((x, i) => `${x} = w${i}`), ...m].join(', ')};
  ${body}
  insert(${b.join(', ')});
}`;
}
