// The explorer: packed states in a log and a table, generated code where the steps are known, observation where they are not.

import type { Knowledge, Question } from '../learn/knowledge.ts';
import { createPacking, type Packing } from '../learn/packing.ts';
import type { Leaf } from '../learn/tree.ts';
import { explorerSource, LONGEST_CHAIN, slotWords } from './codegen.ts';
import { closeSymbols, imagesOf, leastImage } from './images.ts';
import { createLog, type Log, SEGMENT } from './log.ts';

/** What the generated code offers. */
interface Generated {
  insert(...words: number[]): void;
  reinsert(segment: Int32Array, from: number, to: number, index: number): void;
  /** Expands states until the end, a state it cannot handle, or the count limit; returns where it stopped. */
  run(segment: Int32Array, from: number, to: number, limit: number): number;
  setTable(table: Int32Array | null): void;
  setLog(segment: Int32Array, at: number, count: number): void;
  seek(target: Int32Array | null): void;
  count(): number;
  position(): number;
  takeTransitions(): number;
}

/** One possible step of a state, and the owned steps that are made with it. */
export interface Move {
  readonly pid: number;
  readonly choice: number;
  readonly leaf: Leaf;
  /** Processes of the owned steps that follow at once. */
  readonly chain: readonly number[];
  /** Packed state afterwards; empty if the step failed. */
  readonly reached: Int32Array;
  /** What is stored for it: its least image under the symmetries. */
  readonly next: Int32Array;
}

/** Explorer over one system's knowledge. */
export interface Explorer {
  readonly knowledge: Knowledge;
  readonly packing: Packing;
  readonly count: number;
  /** Bytes of log and table. */
  readonly bytes: number;
  /** Expands states [from, to) with generated code. Returns the first one that it could not. */
  run(from: number, to: number): number;
  /** Makes state `i` the one under consideration. */
  consider(i: number): void;
  /** The steps possible in state `i`, observed where unknown; blocked ones are left out. */
  moves(i: number): Move[];
  /** The same for a state that is not in the log; null when the packing has become too narrow for what was seen. */
  movesOf(state: Int32Array): Move[] | null;
  /** Packed states [from, to). */
  states(from: number, to: number): Int32Array;
  /** The generated code for workers. Compiles what is known now. */
  source(workers: number): string;
  /** Inserts the successor by a move. */
  follow(move: Move): void;
  /** True if that successor is state `target`. */
  leadsTo(move: Move, target: number): boolean;
  /** Owned steps made at the start, before the first stored state. */
  readonly firstChain: readonly number[];
  /** The state after them, packed; what is stored is its least image. */
  readonly first: Int32Array;
  /** Tables that the generated code asks its host for. */
  tables(): Int32Array[];
  /** First state in [from, to) that has state `target` as a successor. */
  predecessor(target: number, from: number, to: number): number;
  /** States found since the last call that the generated code could not judge, in order. */
  takeSuspects(): number[];
  takeTransitions(): number;
  /** A state was met that the generated code does not know. */
  missed(): void;
  /** A witness was seen: it is asked no more. */
  witnessed(question: Question): void;
  readonly unwitnessed: readonly Question[];
  /** Makes room for more states. False: the memory limit forbids it. */
  makeRoom(): boolean;
}

const NOTHING = new Int32Array(0);
/** Slots of the first table. */
const FIRST_TABLE = 1 << 12;
/** Room kept free for the successors of one state. */
const MARGIN = 2048;
/** Misses before the first compilation; doubles with each. */
const FIRST_COMPILATION = 1000;

/** Creates an explorer that knows the initial state only. */
export function createExplorer(knowledge: Knowledge, maxMemory: number, reduce: boolean): Explorer {
  const { learner } = knowledge;
  let packing = packingNow();
  let images = imagesOf(knowledge, packing);
  /** Symbols for which there are images. */
  let imaged = symbolsSeen();
  let log: Log = createLog(packing.width);
  let table = new Int32Array(FIRST_TABLE * slotWords(packing.width));
  let witnesses = knowledge.witnesses.filter((q) => !knowledge.witnessed.has(q.property));
  let suspects: number[] = [];
  let misses = 0;
  let patience = FIRST_COMPILATION;
  let compiled = false;
  const symbols = new Uint16Array(learner.state.length);
  const host = {
    nextSegment: () => log.extend(),
    segment: (i: number) => log.segmentOf(i),
    get tables() {
      return images.flatMap((groups) => groups.map((g) => g.table));
    },
    suspect: (i: number) => void suspects.push(i),
  };
  let code = generate(false);

  /** Packing with room for every image of what is known. */
  function packingNow(): Packing {
    closeSymbols(knowledge);
    return createPacking(learner);
  }

  function generate(steps: boolean): Generated {
    const source = explorerSource(knowledge, packing, { steps, reduce, images, witnesses, workers: 1 });
    compiled = steps;
    return new Function('host', source)(host) as Generated;
  }

  /** Doubles the table; false if the memory limit forbids it. */
  function grow(): boolean {
    if (log.bytes + table.byteLength * 2 > maxMemory) return false;
    rebuildTable(slots() * 2);
    return true;
  }

  /** Replaces the code; log and table go on. */
  function regenerate(steps: boolean): void {
    const [count, position] = [code.count(), code.position()];
    pending += code.takeTransitions();
    code = generate(steps);
    code.setTable(table);
    code.setLog(log.segments.at(-1) as Int32Array, position, count);
  }
  let pending = 0;

  const slots = (): number => table.length / slotWords(packing.width);

  function rebuildTable(size: number): void {
    const count = code.count();
    code.setTable(null);
    table = new Int32Array(0);
    table = new Int32Array(size * slotWords(packing.width));
    code.setTable(table);
    for (let i = 0; i < count; i += SEGMENT)
      code.reinsert(log.segmentOf(i), 0, Math.min(SEGMENT, count - i) * packing.width, i);
  }

  /** The symbols have outgrown the packing: every state is packed anew. */
  function repack(): void {
    const count = code.count();
    const size = slots();
    const next = packingNow();
    const moved = createLog(next.width);
    symbols.fill(0);
    for (let i = 0; i < count; i++) {
      if ((i & (SEGMENT - 1)) === 0) moved.extend();
      packing.unpack(log.segmentOf(i), log.offsetOf(i), symbols);
      next.pack(symbols, moved.segmentOf(i), moved.offsetOf(i));
    }
    packing = next;
    makeImages();
    log = moved;
    pending += code.takeTransitions();
    code = generate(false);
    code.setLog(log.segments.at(-1) as Int32Array, moved.offsetOf(count - 1) + packing.width, count);
    rebuildTable(size);
  }

  function consider(i: number): void {
    packing.unpack(log.segmentOf(i), log.offsetOf(i), learner.state);
  }

  /** Makes the owned steps of the state under consideration, lowest pid first, until there is none. */
  function settle(): number[] {
    const chain: number[] = [];
    while (reduce && chain.length < LONGEST_CHAIN) {
      const pid = ownedProcess();
      if (pid < 0) break;
      chain.push(pid);
    }
    return chain;
  }

  /** Makes the first owned step; its process, -1 if there is none. */
  function ownedProcess(): number {
    for (let pid = 0; pid < knowledge.pcAtom.length; pid++) {
      const [action, other] = knowledge.actionsOf(pid);
      if (action === undefined || other !== undefined) continue;
      const leaf = knowledge.act(action);
      if (!leaf.owned) continue;
      apply(leaf);
      return pid;
    }
    return -1;
  }

  function apply({ writes }: Leaf): void {
    for (let k = 0; k < writes.length; k += 2) learner.state[writes[k] as number] = writes[k + 1] as number;
  }

  /** Makes each possible step of a packed state. Symbols may turn out new on the way: then `next` is not to be used. */
  function tryAll(from: Int32Array, at: number): Move[] {
    const list: Move[] = [];
    packing.unpack(from, at, learner.state);
    for (let pid = 0; pid < knowledge.pcAtom.length; pid++)
      for (const action of knowledge.actionsOf(pid)) {
        const leaf = knowledge.act(action);
        if (leaf.ending === 'blocked') continue;
        let [chain, reached, next]: [number[], Int32Array, Int32Array] = [[], NOTHING, NOTHING];
        if (leaf.ending === 'moved') {
          apply(leaf);
          chain = settle();
          reached = new Int32Array(packing.width);
          packing.pack(learner.state, reached, 0);
          next = leastImage(images, reached);
          clear();
          packing.unpack(from, at, learner.state);
        }
        list.push({ pid, choice: action.choice, leaf, chain, reached, next });
      }
    return list;
  }

  /** Atoms that have no field yet go back to their first value. */
  function clear(): void {
    if (!packing.fits()) for (const atom of learner.symbols.varying) learner.state[atom] = 0;
  }

  function moves(i: number): Move[] {
    const list = tryAll(log.segmentOf(i), log.offsetOf(i));
    if (upToDate()) return list;
    adapt();
    return tryAll(log.segmentOf(i), log.offsetOf(i));
  }

  /** Every symbol has room, and an image. */
  const upToDate = (): boolean => packing.fits() && (images.length === 0 || symbolsSeen() === imaged);

  function symbolsSeen(): number {
    let n = 0;
    for (const atom of learner.symbols.varying) n += learner.symbols.count(atom);
    return n;
  }

  /** Makes room for new symbols and images for them. */
  function adapt(): void {
    closeSymbols(knowledge);
    if (!packing.fits()) return repack();
    makeImages();
    regenerate(compiled);
  }

  function makeImages(): void {
    images = imagesOf(knowledge, packing);
    imaged = symbolsSeen();
  }

  function leadsTo({ next }: Move, target: number): boolean {
    const [segment, at] = [log.segmentOf(target), log.offsetOf(target)];
    for (let w = 0; w < packing.width; w++) if (next[w] !== segment[at + w]) return false;
    return next.length > 0;
  }

  const limit = (): number => slots() - Math.max(MARGIN, slots() >> 2);

  code.setTable(table);
  code.setLog(log.extend(), 0, 0);
  learner.state.fill(0);
  const firstChain = settle();
  let firstState = learner.state;
  start();

  /** Stores the first state, in a packing that has room for what the first steps wrote. */
  function start(): void {
    if (!upToDate()) {
      packing = packingNow();
      makeImages();
      log = createLog(packing.width);
      table = new Int32Array(FIRST_TABLE * slotWords(packing.width));
      code = generate(false);
      code.setTable(table);
      code.setLog(log.extend(), 0, 0);
    }
    const first = new Int32Array(packing.width);
    packing.pack(learner.state, first, 0);
    firstState = learner.state.slice();
    code.insert(...leastImage(images, first));
  }

  return {
    knowledge,
    get packing() {
      return packing;
    },
    get count() {
      return code.count();
    },
    get bytes() {
      return log.bytes + table.byteLength;
    },
    get unwitnessed() {
      return witnesses;
    },
    consider,
    moves,
    leadsTo,
    run(from, to) {
      if (!compiled) return from;
      let at = from;
      while (at < to) {
        const end = Math.min(to, (Math.floor(at / SEGMENT) + 1) * SEGMENT);
        const first = at - (at % SEGMENT);
        at =
          first + code.run(log.segmentOf(at), log.offsetOf(at), (end - first) * packing.width, limit()) / packing.width;
        if (at < end) return at;
      }
      return at;
    },
    firstChain,
    get first() {
      const packed = new Int32Array(packing.width);
      packing.pack(firstState, packed, 0);
      return packed;
    },
    tables: () => host.tables,
    movesOf(state) {
      const list = tryAll(state, 0);
      return upToDate() ? list : null;
    },
    states(from, to) {
      const { width } = packing;
      const out = new Int32Array((to - from) * width);
      for (let i = from; i < to; i++) {
        const [segment, at] = [log.segmentOf(i), log.offsetOf(i)];
        for (let w = 0; w < width; w++) out[(i - from) * width + w] = segment[at + w] as number;
      }
      return out;
    },
    source: (workers) => explorerSource(knowledge, packing, { steps: true, reduce, images, witnesses, workers }),
    follow: ({ next }) => code.insert(...next),
    predecessor(target, from, to) {
      const goal = log.segmentOf(target).slice(log.offsetOf(target), log.offsetOf(target) + packing.width);
      const transitions = code.takeTransitions();
      code.seek(goal);
      let at = from;
      for (; at < to; at++) {
        if (compiled) at = this.run(at, to);
        if (at >= to || moves(at).some((move) => leadsTo(move, target))) break;
      }
      code.seek(null);
      code.takeTransitions();
      pending += transitions;
      return at;
    },
    takeSuspects() {
      const list = suspects;
      suspects = [];
      return list;
    },
    takeTransitions() {
      const n = pending + code.takeTransitions();
      pending = 0;
      return n;
    },
    missed() {
      if (++misses < patience) return;
      misses = 0;
      patience *= 2;
      regenerate(true);
    },
    witnessed(question) {
      knowledge.witnessed.add(question.property);
      witnesses = witnesses.filter((q) => q.property !== question.property);
      if (compiled) regenerate(true);
    },
    makeRoom: () => code.count() < limit() - MARGIN || grow(),
  };
}
