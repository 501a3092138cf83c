// Writes the explorer of one system as JavaScript: table, log, one function per process, one per property; every guard and update
// is a shift and a mask on the words of the packed state, every state travels as local integers.

import type { Action, Knowledge, Question } from '../learn/knowledge.ts';
import type { Packing } from '../learn/packing.ts';
import type { Branch, Leaf, TreeNode } from '../learn/tree.ts';
import { appendCode, hashedStoreCode } from './hashed-code.ts';
import { type Group, type Images, storeLeastCode } from './images.ts';
import { SEGMENT } from './log.ts';

/** What a generated explorer is for. */
export interface CodegenOptions {
  /** With the learned steps and properties, or only the table (then every state is a miss). */
  readonly steps: boolean;
  /** Make owned steps at once, without interleaving. */
  readonly reduce: boolean;
  /** Lookup tables of the permutations; the host offers the tables in this order. */
  readonly images: Images;
  /** Workers among which states are shared out by hash; 1: none. */
  readonly workers: number;
  /** Witnesses still unseen. */
  readonly witnesses: readonly Question[];
  /** Lookups of the hash by which the host knows states again; null: the table holds the states. */
  readonly hash: readonly Group[] | null;
}

const words = (width: number, prefix: string): string[] => Array.from({ length: width }, (_, i) => `${prefix}${i}`);

/** Known symbols along a path through a tree. */
type Known = ReadonlyMap<number, number>;

function groupBy<T>(list: readonly T[], keyOf: (item: T) => number): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const item of list) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

interface Writer {
  readonly packing: Packing;
  /** Code for a leaf. */
  leaf(leaf: Leaf): string;
}

const MISS = 'return -1;';

function treeCode(node: TreeNode | undefined, known: Known, w: Writer): string {
  if (node === undefined) return MISS;
  if (node.atom < 0) return w.leaf(node as Leaf);
  const { atom, kids } = node as Branch;
  const field = w.packing.of(atom);
  const symbol = field === undefined ? 0 : known.get(atom);
  if (symbol !== undefined) return treeCode(kids[symbol], known, w);
  const { word, shift, mask } = field as NonNullable<typeof field>;
  const value = shift === 0 ? `w${word} & ${mask}` : `(w${word} >>> ${shift}) & ${mask}`;
  const cases = kids.flatMap((kid, s) =>
    kid === undefined ? [] : [[s, treeCode(kid, new Map(known).set(atom, s), w)] as const],
  );
  if (mask === 1 && cases.length === 2)
    return `if ((w${word} & ${1 << shift}) === 0) {${cases[0]?.[1]}} else {${cases[1]?.[1]}}`;
  return `switch (${value}) {${cases.map(([s, code]) => `case ${s}: {${code} break;}`).join('\n')} default: ${MISS}}`;
}

/** Successor of a leaf as one expression per word. */
export function successor(leaf: Leaf, packing: Packing): string[] {
  const keep = new Array<number>(packing.width).fill(-1);
  const put = new Array<number>(packing.width).fill(0);
  for (let i = 0; i < leaf.writes.length; i += 2) {
    const f = packing.of(leaf.writes[i] as number);
    if (f === undefined) continue;
    keep[f.word] = (keep[f.word] as number) & ~(f.mask << f.shift);
    put[f.word] = ((put[f.word] as number) & ~(f.mask << f.shift)) | ((leaf.writes[i + 1] as number) << f.shift);
  }
  return keep.map((k, i) => (k === -1 ? `w${i}` : put[i] === 0 ? `w${i} & ${k}` : `w${i} & ${k} | ${put[i]}`));
}

function stepWriter(packing: Packing, emit: string): Writer {
  return {
    packing,
    leaf(leaf) {
      if (leaf.ending === 'blocked') return '';
      if (leaf.ending === 'failed') return MISS;
      const next = successor(leaf, packing).join(', ');
      return emit === 'settle' ? `if (settle(${next}) < 0) return -1; n++;` : `${emit}(${next}); n++;`;
    },
  };
}

/** Code that makes an owned step: the words of the successor go to s0, s1, … */
const ownedWriter = (packing: Packing): Writer => ({
  packing,
  leaf: (leaf) =>
    leaf.owned
      ? `${successor(leaf, packing)
          .map((e, i) => `s${i} = ${e};`)
          .join(' ')} return 1;`
      : 'return 0;',
});

const questionWriter = (packing: Packing, good: boolean): Writer => ({
  packing,
  leaf: (leaf) => (leaf.ending === (good ? 'true' : 'false') ? 'return 1;' : 'return 0;'),
});

/** Leaves above which an action becomes a function of its own. */
const OWN_FUNCTION = 30;

/** What is known at a label: the process runs this protocol and stands there. */
function atLabel({ learner: { symbols }, protocolAtom, pcAtom }: Knowledge, a: Action): Known {
  const [protocol, pc] = [protocolAtom[a.pid] as number, pcAtom[a.pid] as number];
  return new Map([
    [protocol, symbols.of(protocol, a.protocol)],
    [pc, symbols.of(pc, a.pc)],
  ]);
}

/** The function p<pid>: makes every step of a process, returns how many there were, -1 for a miss. */
function processCode(k: Knowledge, pid: number, packing: Packing, emit: string): string {
  const args = words(packing.width, 'w').join(', ');
  const own: string[] = [];
  const actionCode = (a: Action): string => {
    const code = treeCode(a.tree.root, atLabel(k, a), stepWriter(packing, emit));
    if (a.tree.leaves <= OWN_FUNCTION) return code;
    const name = `a${pid}_${a.protocol}_${a.pc}_${a.choice}`;
    own.push(`function ${name}(${args}) { let n = 0; ${code} return n; }`);
    return `{ const r = ${name}(${args}); if (r < 0) return -1; n += r; }`;
  };
  const body = placeCode(k, pid, packing, actionCode);
  return `${own.join('\n')}\nfunction p${pid}(${args}) { let n = 0; ${body} return n; }`;
}

/** The function o<pid>: makes the step of a process if it is owned; 1 made, 0 not owned, -1 miss. */
function ownedCode(k: Knowledge, pid: number, packing: Packing): string {
  const args = words(packing.width, 'w').join(', ');
  const body = placeCode(k, pid, packing, (a) =>
    a.choices > 1 ? '' : treeCode(a.tree.root, atLabel(k, a), ownedWriter(packing)),
  );
  return `function o${pid}(${args}) { ${body} return 0; }`;
}

/** Dispatch over what a slot can run and where it can stand. */
function placeCode(k: Knowledge, pid: number, packing: Packing, actionCode: (a: Action) => string): string {
  const symbolsOf = (atom: number, value: number): number => k.learner.symbols.of(atom, value);
  const mine = k.actions.filter((a) => a.pid === pid && a.tree.root !== undefined);
  const places = groupBy(mine, (a) => a.protocol);
  const byProtocol = [...places].map(([protocol, actions]) => {
    const labels = [...groupBy(actions, (a) => a.pc)].map(
      ([pc, list]) =>
        [symbolsOf(k.pcAtom[pid] as number, pc), list.map((a) => `{${actionCode(a)}}`).join('\n')] as const,
    );
    return [
      symbolsOf(k.protocolAtom[pid] as number, protocol),
      dispatch(k.pcAtom[pid] as number, labels, packing),
    ] as const;
  });
  const free =
    k.learner.symbols.value(k.protocolAtom[pid] as number, 0) === 0 ||
    k.learner.symbols.count(k.protocolAtom[pid] as number) > 1;
  const cases = free ? [...byProtocol, [symbolsOf(k.protocolAtom[pid] as number, 0), ''] as const] : byProtocol;
  return dispatch(k.protocolAtom[pid] as number, cases, packing);
}

/** Steps a process may make in one go before its state is stored all the same. */
export const LONGEST_CHAIN = 64;

/** The function settle: makes owned steps, lowest pid first, until there is none, and stores the state. */
function settleCode(k: Knowledge, pids: readonly number[], packing: Packing, emit: string): string {
  const args = words(packing.width, 'w');
  const tries = pids.map((pid) => `(r = o${pid}(${args.join(', ')})) === 0`).join(' && ');
  return `${pids.map((pid) => ownedCode(k, pid, packing)).join('\n')}
let ${args.map((_, i) => `s${i} = 0`).join(', ')};
function settle(${args.join(', ')}) {
  for (let k = 0; k < ${LONGEST_CHAIN}; k++) {
    let r = 0;
    if (${tries}) break;
    if (r < 0) return -1;
    ${args.map((w, i) => `${w} = s${i};`).join(' ')}
  }
  ${emit}(${args.join(', ')});
  return 0;
}`;
}

function dispatch(atom: number, cases: readonly (readonly [number, string])[], packing: Packing): string {
  const f = packing.of(atom);
  if (f === undefined) return cases.find(([s]) => s === 0)?.[1] ?? MISS;
  const body = cases.map(([s, code]) => `case ${s}: {${code} break;}`).join('\n');
  return `switch ((w${f.word} >>> ${f.shift}) & ${f.mask}) {${body} default: ${MISS}}`;
}

function questionCode(
  questions: readonly Question[],
  packing: Packing,
  args: string,
  wanted: (q: Question) => boolean,
): string {
  return questions
    .map(
      (q, i) =>
        `function q${wanted(q) ? 't' : 'f'}${i}(${args}) { ${treeCode(q.tree.root, new Map(), questionWriter(packing, wanted(q))).replaceAll(MISS, 'return 0;')} return 0; }`,
    )
    .join('\n');
}

/** Hash of the words n0, n1, … into h; a mixture of 32-bit multiplications (constants by C. Wellons, hash-prospector). */
const hashCode = (n: readonly string[]): string =>
  `${n.map((w, i) => (i === 0 ? `let h = ${w};` : `h = Math.imul(h ^ (h >>> 15), 0x85ebca6b) ^ ${w};`)).join(' ')}
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d); h = Math.imul(h ^ (h >>> 15), 0x846ca68b); h ^= h >>> 16;`;

/** Hands a state to the worker it belongs to; states sent not long ago are not sent again. */
function routeCode(n: readonly string[], workers: number): string {
  const width = n.length;
  const words = (array: string, at: string): string => n.map((w, k) => `${array}[${at} + ${k}] = ${w};`).join(' ');
  return `const o = ((h >>> 16) * ${workers}) >>> 16;
  if (o !== host.me) {
    const c = (h & 0x3fff) * ${width};
    if (${n.map((w, k) => `R[c + ${k}] === ${w}`).join(' && ')}) return;
    ${words('R', 'c')}
    let box = X[o], q = Q[o];
    if (q === box.length) { box = host.nextBox(o); X[o] = box; q = 0; }
    ${words('box', 'q')}
    Q[o] = q + ${width};
    return;
  }`;
}

/** Widest state whose words are the table's keys; wider ones are found through their index in the log. */
const WIDEST_KEY = 3;
/** Words per slot of the table, for states of `width` words. */
export const slotWords = (width: number): number => (width <= WIDEST_KEY ? width : 1);

/** Whether a slot holds the state itself. */
const isKeyed = (width: number): boolean => slotWords(width) === width;

/** Fragments of the table code that depend on what a slot holds: the words of the state, or 1 + its index in the log. */
function slotCode(n: readonly string[]): { same: string; put: string; reput: string } {
  const width = n.length;
  if (!isKeyed(width))
    return {
      same: `const L = host.segment(t - 1), f = ((t - 1) & ${SEGMENT - 1}) * ${width}; if (${n.map((w, k) => `L[f + ${k}] === ${w}`).join(' && ')}) return;`,
      put: 'T[i] = count + 1;',
      reput: 'T[i] = ++index;',
    };
  const put = n.map((w, k) => `T[i + ${k}] = ${w};`).join(' ');
  return {
    same: `if (${n.map((w, k) => `${k === 0 ? 't' : `T[i + ${k}]`} === ${w}`).join(' && ')}) return;`,
    put,
    reput: put,
  };
}

/** The table and the log: exact states, open addressing, linear probing; states are kept in the order they were found. */
function storeCode(width: number, workers: number): string {
  const n = words(width, 'n');
  const slot = slotCode(n);
  const step = slotWords(width);
  return `
function insert(${n.join(', ')}) {
  if (seeking) { if (${n.map((w, i) => `${w} === G[${i}]`).join(' && ')}) found = true; return; }
  ${hashCode(n)}
  ${workers > 1 ? routeCode(n, workers) : ''}
  let i = (h & M) * ${step};
  for (;;) {
    const t = T[i];
    if (t === 0) break;
    ${slot.same}
    i += ${step};
    if (i === E) i = 0;
  }
  ${slot.put}
  ${appendCode(n)}
}
function reinsert(L, from, to, index) {
  for (let j = from; j < to; j += ${width}) {
    const ${n.map((w, k) => `${w} = L[j + ${k}]`).join(', ')};
    ${hashCode(n)}
    let i = (h & M) * ${step};
    while (T[i] !== 0) { i += ${step}; if (i === E) i = 0; }
    ${slot.reput}
  }
}
${isKeyed(width) ? rehashCode(n, slot.put) : 'const rehash = null;'}`;
}

/** Fills the table from a smaller one, slot by slot: what lies together there lies together here, in two places, so memory is read and written in order. */
const rehashCode = (n: readonly string[], put: string): string => `
function rehash(O) {
  for (let j = 0; j < O.length; j += ${n.length}) {
    if (O[j] === 0) continue;
    const ${n.map((w, k) => `${w} = O[j + ${k}]`).join(', ')};
    ${hashCode(n)}
    let i = (h & M) * ${n.length};
    while (T[i] !== 0) { i += ${n.length}; if (i === E) i = 0; }
    ${put}
  }
}`;

/** What a worker needs besides: taking states from others, keeping boxes for them. */
const exchangeCode = (width: number, workers: number): string => `
function mine(B, j) {
  const ${words(width, 'n')
    .map((n, k) => `${n} = B[j + ${k}]`)
    .join(', ')};
  ${hashCode(words(width, 'n'))}
  return ((h >>> 16) * ${workers}) >>> 16 === host.me;
}
let R = new Int32Array(${0x4000 * width}), X = [], Q = [];
function take(B, from, to) {
  for (let j = from; j < to; j += ${width}) {
    if (count >= host.limit()) return j;
    insert(${words(width, 'B')
      .map((_, k) => `B[j + ${k}]`)
      .join(', ')});
  }
  return to;
}
function boxes(x, q) { if (x !== null) { X = x; Q = q; } return Q; }
`;

/** The text of an explorer: a function body taking `host`, returning the functions of {@link Explorer}. */
export function explorerSource(k: Knowledge, packing: Packing, o: CodegenOptions): string {
  const { width } = packing;
  const args = words(width, 'w').join(', ');
  const pids = k.protocolAtom.map((_, pid) => pid);
  const live = pids.filter((pid) => {
    const atom = k.protocolAtom[pid] as number;
    return k.learner.symbols.count(atom) > 1 || k.learner.symbols.value(atom, 0) !== 0;
  });
  const keep = o.images.length > 0 ? 'store' : 'insert';
  const good = (q: Question): boolean => q.property.kind === 'always';
  const invariants = o.steps ? questionCode(k.invariants, packing, args, good) : '';
  const witnesses = o.steps
    ? questionCode(o.witnesses, packing, args, () => false).replaceAll('function qf', 'function qs')
    : '';
  const checks = [
    ...k.invariants.map((q, i) => `q${good(q) ? 't' : 'f'}${i}(${args})`),
    ...o.witnesses.map((_, i) => `qs${i}(${args})`),
  ];
  const expand = live.map((pid) => `r = p${pid}(${args}); if (r < 0) break; n += r;`).join('\n');
  return `'use strict';
let T = null, M = 0, E = 0, S = null, SE = 0, p = 0, count = 0, transitions = 0, seeking = false, found = false, G = null;
${o.hash === null ? storeCode(width, o.workers) : hashedStoreCode(words(width, 'n'), o.hash)}
${o.workers > 1 ? exchangeCode(width, o.workers) : ''}
${invariants}
${witnesses}
function check(${args}) { return ${o.steps ? checks.join(' & ') || '1' : '0'}; }
${o.steps ? [...live.map((pid) => processCode(k, pid, packing, o.reduce ? 'settle' : keep)), o.reduce ? settleCode(k, live, packing, keep) : '', o.images.length > 0 ? storeLeastCode(o.images, width) : ''].join('\n') : ''}
function run(L, from, to, limit) {
  let at = from;
  while (at < to && count < limit) {
    const ${words(width, 'w')
      .map((w, i) => `${w} = L[at + ${i}]`)
      .join(', ')};
    let n = 0, r = ${o.steps ? 0 : -1};
    ${o.steps ? `do {\n${expand}\n} while (false);` : ''}
    if (r < 0) return at;
    if (n === 0 || found) return at;
    transitions += n;
    at += ${width};
  }
  return at;
}
return {
  insert, reinsert, rehash, run, ${o.workers > 1 ? 'take, boxes, mine,' : ''}
  setTable(t) { T = t; M = t === null ? 0 : t.length / ${slotWords(width)} - 1; E = t === null ? 0 : t.length; },
  setLog(s, at, n) { S = s; SE = s.length; p = at; count = n; },
  seek(target) { G = target; seeking = target !== null; found = false; },
  count: () => count,
  position: () => p,
  takeTransitions() { const n = transitions; transitions = 0; return n; },
};`;
}
