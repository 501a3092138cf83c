// The full graph of an exploration that kept every state: what promises about paths are judged on.

import type { StateGraph } from '../graph.ts';
import type { Explorer } from './explorer.ts';

/** Index of every state by its packed words. */
function createIndex(explorer: Explorer): (words: Int32Array) => number {
  const { width } = explorer.packing;
  const states = explorer.states(0, explorer.count);
  const slots = new Int32Array(2 ** Math.ceil(Math.log2(explorer.count * 2 + 1)));
  const mask = slots.length - 1;
  const hash = (words: Int32Array, at: number): number => {
    let h = 0;
    for (let w = 0; w < width; w++) h = Math.imul(h ^ (words[at + w] as number), 0x9e3779b1) ^ (h >>> 15);
    return (h ^ (h >>> 16)) & mask;
  };
  const equal = (i: number, words: Int32Array): boolean => {
    for (let w = 0; w < width; w++) if (states[i * width + w] !== words[w]) return false;
    return true;
  };
  for (let i = 0; i < explorer.count; i++) {
    let slot = hash(states, i * width);
    while (slots[slot] !== 0) slot = (slot + 1) & mask;
    slots[slot] = i + 1;
  }
  return (words) => {
    let slot = hash(words, 0);
    while (!equal((slots[slot] as number) - 1, words)) slot = (slot + 1) & mask;
    return (slots[slot] as number) - 1;
  };
}

/** Graph of a finished, unreduced exploration. */
export function exploredGraph(explorer: Explorer): StateGraph {
  const { count, knowledge } = explorer;
  let indexOf: ReturnType<typeof createIndex> | null = null;
  return {
    count,
    load(i) {
      explorer.consider(i);
      knowledge.learner.load();
    },
    successors(i, visit) {
      indexOf ??= createIndex(explorer);
      for (const move of explorer.moves(i)) visit(move.pid, move.choice, indexOf(move.next));
    },
  };
}
