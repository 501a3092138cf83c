// What a step does, as a decision tree over the atoms it was seen to read. A step is a function of what it reads: same reads, same writes.

/** How an observed step ended. */
export type Ending = 'moved' | 'blocked' | 'failed' | 'true' | 'false';

/** End of a path: what is written, as (atom, symbol) pairs. */
export interface Leaf {
  readonly atom: -1;
  readonly ending: Ending;
  readonly writes: readonly number[];
  /** The error of a step that failed. */
  readonly error: unknown;
  /** Filled by the partial order reduction: only what the process owns was touched. */
  owned: boolean;
}

/** A read: which atom, and where to go by its symbol. */
export interface Branch {
  readonly atom: number;
  readonly kids: (TreeNode | undefined)[];
}

/** Leaf or branch. */
export type TreeNode = Leaf | Branch;

/** One observed run. */
export interface Observation {
  /** (atom, symbol) pairs in the order of the first reads. */
  readonly reads: readonly number[];
  readonly leaf: Leaf;
}

/** A tree that grows by observation. */
export interface Tree {
  root: TreeNode | undefined;
  leaves: number;
  /** Whether the step was ever seen to do something but block. */
  ran: boolean;
}

/** A tree of which nothing is known. */
export const emptyTree = (): Tree => ({ root: undefined, leaves: 0, ran: false });

/** Follows the present symbols; undefined where nothing was observed yet. */
export function decide(tree: Tree, symbols: Uint16Array): Leaf | undefined {
  let node = tree.root;
  while (node !== undefined && node.atom >= 0) node = (node as Branch).kids[symbols[node.atom] as number];
  return node as Leaf | undefined;
}

/** Adds what was observed. False, and nothing added, when the same reads led elsewhere before. */
export function grow(tree: Tree, { reads, leaf }: Observation): boolean {
  let depth = 0;
  let node = tree.root;
  for (; node !== undefined && depth < reads.length; depth += 2) {
    if (node.atom !== reads[depth]) return false;
    node = (node as Branch).kids[reads[depth + 1] as number];
  }
  if (node !== undefined) return false;
  hang(tree, reads, leaf);
  tree.leaves++;
  if (leaf.ending !== 'blocked') tree.ran = true;
  return true;
}

/** Makes the missing branches of a path and puts the leaf at its end. */
function hang(tree: Tree, reads: readonly number[], leaf: Leaf): void {
  let put = (n: TreeNode): void => {
    tree.root = n;
  };
  let node = tree.root;
  for (let i = 0; i < reads.length; i += 2) {
    if (node === undefined) {
      node = { atom: reads[i] as number, kids: [] };
      put(node);
    }
    const { kids } = node as Branch;
    const symbol = reads[i + 1] as number;
    put = (n) => {
      kids[symbol] = n;
    };
    node = kids[symbol];
  }
  put(leaf);
}
