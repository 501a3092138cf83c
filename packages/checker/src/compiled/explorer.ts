// The explorer: packed states in a log and a table, generated code where the steps are known, observation where they are not.

import type { Knowledge, Question } from '../learn/knowledge.ts';
import type { Packing } from '../learn/packing.ts';
import type { Leaf } from '../learn/tree.ts';
import { LONGEST_CHAIN } from './codegen.ts';
import { leastImage } from './images.ts';
import { SEGMENT } from './log.ts';
import { createStore, type StoreOptions } from './store.ts';

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
  /** States in the log. */
  readonly count: number;
  /** States found; more than there are in the log if only hashes are kept. */
  readonly found: number;
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
  /** Forgets the states of the log from `count` on; only where hashes are kept. */
  cut(count: number): void;
  /** Exchanges two states of the log. */
  swap(i: number, k: number): void;
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
/** Misses before the first compilation; doubles with each. */
const FIRST_COMPILATION = 1000;

function apply(state: Uint16Array, { writes }: Leaf): void {
  for (let k = 0; k < writes.length; k += 2) state[writes[k] as number] = writes[k + 1] as number;
}

/** Creates an explorer that knows the initial state only. */
export function createExplorer(knowledge: Knowledge, options: StoreOptions): Explorer {
  const { learner } = knowledge;
  const { reduce } = options;
  const store = createStore(knowledge, options);
  const { source, tables, takeSuspects, takeTransitions, witnessed, makeRoom, cut } = store;
  let [misses, patience] = [0, FIRST_COMPILATION];

  function consider(i: number): void {
    store.packing.unpack(store.log.segmentOf(i), store.log.offsetOf(i), learner.state);
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
      apply(learner.state, leaf);
      return pid;
    }
    return -1;
  }

  /** Makes each possible step of a packed state. Symbols may turn out new on the way: then `next` is not to be used. */
  function tryAll(from: Int32Array, at: number): Move[] {
    const list: Move[] = [];
    store.packing.unpack(from, at, learner.state);
    for (let pid = 0; pid < knowledge.pcAtom.length; pid++)
      for (const action of knowledge.actionsOf(pid)) {
        const leaf = knowledge.act(action);
        if (leaf.ending === 'blocked') continue;
        let [chain, reached, next]: [number[], Int32Array, Int32Array] = [[], NOTHING, NOTHING];
        if (leaf.ending === 'moved') {
          apply(learner.state, leaf);
          chain = settle();
          reached = new Int32Array(store.packing.width);
          store.packing.pack(learner.state, reached, 0);
          next = leastImage(store.images, reached);
          clear();
          store.packing.unpack(from, at, learner.state);
        }
        list.push({ pid, choice: action.choice, leaf, chain, reached, next });
      }
    return list;
  }

  /** Atoms that have no field yet go back to their first value. */
  function clear(): void {
    if (!store.packing.fits()) for (const atom of learner.symbols.varying) learner.state[atom] = 0;
  }

  function moves(i: number): Move[] {
    const list = tryAll(store.log.segmentOf(i), store.log.offsetOf(i));
    if (store.upToDate()) return list;
    store.adapt();
    return tryAll(store.log.segmentOf(i), store.log.offsetOf(i));
  }

  function leadsTo({ next }: Move, target: number): boolean {
    const [segment, at] = [store.log.segmentOf(target), store.log.offsetOf(target)];
    for (let w = 0; w < store.packing.width; w++) if (next[w] !== segment[at + w]) return false;
    return next.length > 0;
  }

  function packed(state: Uint16Array): Int32Array {
    const words = new Int32Array(store.packing.width);
    store.packing.pack(state, words, 0);
    return words;
  }

  function run(from: number, to: number): number {
    if (!store.compiled) return from;
    const { log, code, packing } = store;
    let at = from;
    while (at < to) {
      const end = Math.min(to, (Math.floor(at / SEGMENT) + 1) * SEGMENT);
      const first = at - (at % SEGMENT);
      const stop = (end - first) * packing.width;
      at = first + code.run(log.segmentOf(at), log.offsetOf(at), stop, store.limit()) / packing.width;
      if (at < end) return at;
    }
    return at;
  }

  function states(from: number, to: number): Int32Array {
    const { width } = store.packing;
    const out = new Int32Array((to - from) * width);
    for (let i = from; i < to; i++) {
      const [segment, at] = [store.log.segmentOf(i), store.log.offsetOf(i)];
      for (let w = 0; w < width; w++) out[(i - from) * width + w] = segment[at + w] as number;
    }
    return out;
  }

  function predecessor(target: number, from: number, to: number): number {
    const at = store.log.offsetOf(target);
    store.keepTransitions(store.code.takeTransitions());
    store.code.seek(store.log.segmentOf(target).slice(at, at + store.packing.width));
    let i = from;
    for (; i < to; i++) {
      i = run(i, to);
      if (i >= to || moves(i).some((move) => leadsTo(move, target))) break;
    }
    store.code.seek(null);
    store.code.takeTransitions();
    return i;
  }

  learner.state.fill(0);
  const firstChain = settle();
  if (!store.upToDate()) store.restart();
  const firstState = learner.state.slice();
  store.code.insert(...leastImage(store.images, packed(firstState)));

  return {
    knowledge,
    get packing() {
      return store.packing;
    },
    get count() {
      return store.code.count();
    },
    get found() {
      return store.found();
    },
    get bytes() {
      return store.bytes();
    },
    get unwitnessed() {
      return store.witnesses;
    },
    get first() {
      return packed(firstState);
    },
    ...{ consider, moves, leadsTo, run, states, predecessor, firstChain },
    movesOf(state) {
      const list = tryAll(state, 0);
      return store.upToDate() ? list : null;
    },
    follow: ({ next }) => store.code.insert(...next),
    missed() {
      if (++misses < patience) return;
      misses = 0;
      patience *= 2;
      store.regenerate(true);
    },
    ...{ source, tables, takeSuspects, takeTransitions, witnessed, makeRoom, cut },
    swap: (i, k) => store.log.swap(i, k),
  };
}
