// Where an explorer keeps what it has found: packed states in a log, a table to find them by, and the code generated for their packing.
// If only hashes are kept, somebody else keeps them, and the log is a stack that can be cut.

import type { Knowledge, Question } from '../learn/knowledge.ts';
import { createPacking, type Packing } from '../learn/packing.ts';
import { explorerSource, slotWords } from './codegen.ts';
import { closeSymbols, imagesOf } from './images.ts';
import { createLog, type Log, SEGMENT } from './log.ts';
import { hashGroups, type Visited } from './state-hash.ts';

/** What the generated code offers. */
export interface Generated {
  insert(...words: number[]): void;
  reinsert(segment: Int32Array, from: number, to: number, index: number): void;
  /** Fills the table from one of half its size; null where slots do not hold the states themselves. */
  readonly rehash: ((old: Int32Array) => void) | null;
  /** Expands states until the end, a state it cannot handle, or the count limit; returns where it stopped. */
  run(segment: Int32Array, from: number, to: number, limit: number): number;
  setTable(table: Int32Array | null): void;
  setLog(segment: Int32Array, at: number, count: number): void;
  seek(target: Int32Array | null): void;
  count(): number;
  position(): number;
  takeTransitions(): number;
}

/** What changes together when the packing does. */
interface Fields {
  readonly packing: Packing;
  readonly images: ReturnType<typeof imagesOf>;
  /** Lookups of the hash, if hashes are kept instead of states. */
  readonly hash: ReturnType<typeof hashGroups> | null;
  readonly log: Log;
  readonly code: Generated;
  /** The code knows the steps, not only how to insert. */
  readonly compiled: boolean;
  readonly witnesses: readonly Question[];
}

/** Log, table and code. */
export interface Store extends Fields {
  /** States found; those in the log and, if only hashes are kept, those that were cut off. */
  found(): number;
  /** Forgets the states from `count` on. Only where hashes are kept: the table would still know them. */
  cut(count: number): void;
  /** Bytes of log and table. */
  bytes(): number;
  /** Every symbol has room, and an image. */
  upToDate(): boolean;
  /** Makes room for new symbols and images for them. */
  adapt(): void;
  /** Begins anew with a packing that has room for what is known. */
  restart(): void;
  /** New code for what is known now; log and table go on. */
  regenerate(steps: boolean): void;
  /** The code for workers. */
  source(workers: number): string;
  /** Tables that the code asks its host for. */
  tables(): Int32Array[];
  /** Most states before the table must grow. */
  limit(): number;
  /** Makes room for more states. False: the memory limit forbids it. */
  makeRoom(): boolean;
  takeSuspects(): number[];
  takeTransitions(): number;
  /** Counts transitions made before the code was asked to look for something else. */
  keepTransitions(n: number): void;
  /** A witness was seen: it is asked no more. */
  witnessed(question: Question): void;
}

/** Slots of the first table. */
const FIRST_TABLE = 1 << 12;
/** Room kept free for the successors of one state. */
const MARGIN = 2048;
/** States that a log can number. */
const MOST = 2 ** 31 - 1;

/** Packing with room for every image of what is known. */
function packingOf(knowledge: Knowledge): Packing {
  closeSymbols(knowledge);
  return createPacking(knowledge.learner);
}

function symbolsSeen({ learner: { symbols } }: Knowledge): number {
  let n = 0;
  for (const atom of symbols.varying) n += symbols.count(atom);
  return n;
}

/** What a store is made for. */
export interface StoreOptions {
  /** Bytes for log and table. */
  readonly maxMemory: number;
  /** Whether the code makes owned steps at once. */
  readonly reduce: boolean;
  /** Who keeps the hashes of states, null if states are kept. */
  readonly visited: Visited | null;
}

/** An empty store, with code that can insert. */
export function createStore(knowledge: Knowledge, { maxMemory, reduce, visited }: StoreOptions): Store {
  const { learner } = knowledge;
  const now = {} as { -readonly [K in keyof Fields]: Fields[K] };
  now.witnesses = knowledge.witnesses.filter((q) => !knowledge.witnessed.has(q.property));
  /** Symbols for which there are images and hashes. */
  let [imaged, pending] = [0, 0];
  let table = new Int32Array(0);
  let suspects: number[] = [];
  const symbols = new Uint16Array(learner.state.length);
  const tables = (): Int32Array[] => now.images.flatMap((groups) => groups.map((g) => g.table));
  const host = {
    nextSegment: () => now.log.segments[now.code.count() / SEGMENT] ?? now.log.extend(),
    add: visited?.add,
    segment: (i: number) => now.log.segmentOf(i),
    suspect: (i: number) => void suspects.push(i),
  };

  function sourceFor(steps: boolean, workers: number): string {
    const { packing, images, hash, witnesses } = now;
    return explorerSource(knowledge, packing, { steps, reduce, images, hash, witnesses, workers });
  }

  function generate(steps: boolean): Generated {
    now.compiled = steps;
    const hash = now.hash?.map((g) => g.table);
    return new Function('host', sourceFor(steps, 1))({ ...host, tables: tables(), hash }) as Generated;
  }

  /** Doubles the table; false if the memory limit forbids it. */
  function grow(): boolean {
    const { byteLength } = table;
    if (now.log.bytes + byteLength * 2 > maxMemory) return false;
    if (now.code.rehash === null || now.log.bytes + byteLength * 3 > maxMemory) rebuildTable(slots() * 2);
    else widenTable(now.code.rehash);
    return true;
  }

  /** The quick way to twice the slots; for a while there are both tables. */
  function widenTable(rehash: (old: Int32Array) => void): void {
    const old = table;
    table = new Int32Array(old.length * 2);
    now.code.setTable(table);
    rehash(old);
  }

  /** Replaces the code; log and table go on. */
  function regenerate(steps: boolean): void {
    const [count, position] = [now.code.count(), now.code.position()];
    pending += now.code.takeTransitions();
    now.code = generate(steps);
    now.code.setTable(table);
    now.code.setLog(now.log.segmentOf(Math.max(0, count - 1)), position, count);
  }

  const slots = (): number => table.length / slotWords(now.packing.width);
  const limit = (): number => (visited === null ? slots() - Math.max(MARGIN, slots() >> 2) : MOST);

  function rebuildTable(size: number): void {
    const count = now.code.count();
    now.code.setTable(null);
    table = new Int32Array(0);
    table = new Int32Array(size * slotWords(now.packing.width));
    now.code.setTable(table);
    for (let i = 0; i < count; i += SEGMENT)
      now.code.reinsert(now.log.segmentOf(i), 0, Math.min(SEGMENT, count - i) * now.packing.width, i);
  }

  /** The symbols have outgrown the packing: every state is packed anew. */
  function repack(): void {
    const count = now.code.count();
    const size = slots();
    const next = packingOf(knowledge);
    const moved = createLog(next.width);
    symbols.fill(0);
    for (let i = 0; i < count; i++) {
      if ((i & (SEGMENT - 1)) === 0) moved.extend();
      now.packing.unpack(now.log.segmentOf(i), now.log.offsetOf(i), symbols);
      next.pack(symbols, moved.segmentOf(i), moved.offsetOf(i));
    }
    now.packing = next;
    makeImages();
    now.log = moved;
    pending += now.code.takeTransitions();
    now.code = generate(false);
    now.code.setLog(now.log.segments.at(-1) as Int32Array, moved.offsetOf(count - 1) + now.packing.width, count);
    if (visited === null) rebuildTable(size);
  }

  function makeImages(): void {
    now.images = imagesOf(knowledge, now.packing);
    now.hash = visited === null ? null : hashGroups(knowledge, now.packing);
    imaged = symbolsSeen(knowledge);
  }

  function restart(): void {
    now.packing = packingOf(knowledge);
    makeImages();
    now.log = createLog(now.packing.width);
    table = new Int32Array(FIRST_TABLE * slotWords(now.packing.width));
    now.code = generate(false);
    now.code.setTable(table);
    now.code.setLog(now.log.extend(), 0, 0);
  }

  restart();
  return Object.assign(now, {
    bytes: () => now.log.bytes + (visited?.bytes ?? table.byteLength),
    found: () => visited?.count ?? now.code.count(),
    cut(count: number) {
      const last = Math.max(0, count - 1);
      const at = count === 0 ? 0 : now.log.offsetOf(last) + now.packing.width;
      now.code.setLog(now.log.segmentOf(last), at, count);
      now.log.trim(count);
    },
    upToDate: () =>
      now.packing.fits() && ((now.images.length === 0 && now.hash === null) || symbolsSeen(knowledge) === imaged),
    adapt() {
      closeSymbols(knowledge);
      if (!now.packing.fits()) return repack();
      makeImages();
      regenerate(now.compiled);
    },
    ...{ restart, regenerate, tables, limit },
    source: (workers: number) => sourceFor(true, workers),
    makeRoom: () => (visited === null ? now.code.count() < limit() - MARGIN || grow() : !visited.full),
    takeSuspects() {
      if (suspects.length === 0) return suspects;
      const list = suspects;
      suspects = [];
      return list;
    },
    takeTransitions() {
      const n = pending + now.code.takeTransitions();
      pending = 0;
      return n;
    },
    keepTransitions(n: number) {
      pending += n;
    },
    witnessed(question: Question) {
      knowledge.witnessed.add(question.property);
      now.witnesses = now.witnesses.filter((q) => q.property !== question.property);
      if (now.compiled) regenerate(true);
    },
  });
}
