// What one worker thread does. The function is handed over as text, so it must not refer to anything outside itself.

/** Packed states in a buffer that threads share. */
export interface Box {
  readonly words: Int32Array;
  readonly length: number;
}

/** What the main thread asks. */
export type Request =
  | {
      readonly ask: 'code';
      readonly source: string;
      readonly me: number;
      readonly width: number;
      readonly slotWords: number;
      readonly tables: readonly Int32Array[];
      readonly maxBytes: number;
    }
  | { readonly ask: 'offer'; readonly states: Int32Array }
  | { readonly ask: 'take'; readonly boxes: readonly Box[] }
  | { readonly ask: 'level'; readonly expanded: boolean }
  | { readonly ask: 'expand'; readonly most: number }
  | { readonly ask: 'find'; readonly target: Int32Array; readonly level: number };

/** What a worker answers. */
export interface Answer {
  readonly count: number;
  readonly bytes: number;
  /** States of the level still to be expanded. */
  readonly left: number;
  readonly transitions: number;
  /** Boxes for each worker. */
  readonly boxes: readonly (readonly Box[])[];
  /** States that the code could not expand: unknown, failing, or at an end. */
  readonly missed: readonly Int32Array[];
  /** States that the code could not judge. */
  readonly suspects: readonly Int32Array[];
  /** Predecessors that were looked for, among states that the code does not know. */
  readonly found: readonly Int32Array[];
  readonly full: boolean;
}

/** The part of a MessagePort that is used. */
export interface Port {
  on(event: 'message', listener: (request: Request) => void): void;
  postMessage(answer: Answer): void;
}

interface Code {
  insert(...words: number[]): void;
  reinsert(segment: Int32Array, from: number, to: number, index: number): void;
  run(segment: Int32Array, from: number, to: number, limit: number): number;
  take(box: Int32Array, from: number, to: number): number;
  mine(states: Int32Array, at: number): boolean;
  boxes(boxes: Int32Array[] | null, filled: number[] | null): number[];
  setTable(table: Int32Array | null): void;
  setLog(segment: Int32Array, at: number, count: number): void;
  seek(target: Int32Array | null): void;
  readonly rehash: ((old: Int32Array) => void) | null;
  count(): number;
  position(): number;
  takeTransitions(): number;
}

/** Body of a worker thread. */
export function workerMain(port: Port, workers: number): void {
  const SEGMENT = 1 << 16;
  const BOX = 1 << 15;
  let [width, slotWords, maxBytes, at] = [1, 1, 0, 0];
  let code: Code | null = null;
  let table = new Int32Array(0);
  const segments: Int32Array[] = [];
  /** First states of the levels; the first of them holds what was expanded before the threads started. */
  const levels: number[] = [0];
  let suspects: number[] = [];
  let outgoing: Box[][] = [];
  let current: Int32Array[] = [];
  const host = {
    me: 0,
    tables: [] as readonly Int32Array[],
    segment: (i: number) => segments[i >>> 16],
    limit: () => (table.length / slotWords) * 0.75 - 2048,
    suspect: (i: number) => void suspects.push(i),
    nextSegment() {
      segments.push(new Int32Array(SEGMENT * width));
      return segments[segments.length - 1];
    },
    nextBox(o: number) {
      (outgoing[o] as Box[]).push({ words: current[o] as Int32Array, length: (current[o] as Int32Array).length });
      current[o] = newBox();
      return current[o];
    },
  };
  const newBox = (): Int32Array => new Int32Array(new SharedArrayBuffer(BOX * width * 4));
  const bytes = (): number => segments.length * SEGMENT * width * 4 + table.byteLength;
  const stateAt = (i: number): Int32Array =>
    (segments[i >>> 16] as Int32Array).slice((i & (SEGMENT - 1)) * width, ((i & (SEGMENT - 1)) + 1) * width);

  /** Doubles the table; false: the memory limit forbids it. */
  function grow(): boolean {
    const c = code as Code;
    const slots = Math.max(1 << 14, (table.length / slotWords) * 2);
    if (segments.length * SEGMENT * width * 4 + slots * slotWords * 4 > maxBytes) return false;
    const old = table;
    table = new Int32Array(slots * slotWords);
    c.setTable(table);
    if (c.rehash !== null && old.length > 0) {
      c.rehash(old);
      return true;
    }
    for (let i = 0; i < c.count(); i += SEGMENT)
      c.reinsert(segments[i >>> 16] as Int32Array, 0, Math.min(SEGMENT, c.count() - i) * width, i);
    return true;
  }

  function setCode(r: Request & { ask: 'code' }): void {
    [width, slotWords, maxBytes, host.me] = [r.width, r.slotWords, r.maxBytes, r.me];
    host.tables = r.tables;
    const old = code;
    code = new Function('host', r.source)(host) as Code;
    if (old === null) {
      table = new Int32Array((1 << 14) * slotWords);
      code.setLog(host.nextSegment() as Int32Array, 0, 0);
    } else code.setLog(segments[segments.length - 1] as Int32Array, old.position(), old.count());
    code.setTable(table);
  }

  /** Boxes are new for each round: their readers keep the old ones. */
  function openBoxes(): void {
    outgoing = Array.from({ length: workers }, () => []);
    current = Array.from({ length: workers }, newBox);
    (code as Code).boxes(current, new Array<number>(workers).fill(0));
  }

  function closeBoxes(): Box[][] {
    const filled = (code as Code).boxes(null, null);
    filled.forEach((length, o) => {
      if (length > 0) (outgoing[o] as Box[]).push({ words: current[o] as Int32Array, length });
    });
    return outgoing;
  }

  function expand(most: number): { missed: Int32Array[]; full: boolean } {
    const c = code as Code;
    const missed: Int32Array[] = [];
    const end = Math.min(levels[levels.length - 1] as number, at + most);
    while (at < end) {
      if (c.count() >= host.limit() && !grow()) return { missed, full: true };
      const first = at - (at & (SEGMENT - 1));
      const to = Math.min(end, first + SEGMENT);
      const from = (at & (SEGMENT - 1)) * width;
      at = first + c.run(segments[at >>> 16] as Int32Array, from, (to - first) * width, host.limit()) / width;
      if (at < to && c.count() < host.limit()) missed.push(stateAt(at++));
    }
    return { missed, full: false };
  }

  function take(boxes: readonly Box[]): boolean {
    const c = code as Code;
    for (const { words, length } of boxes)
      for (let j = c.take(words, 0, length); j < length; j = c.take(words, j, length)) if (!grow()) return false;
    return true;
  }

  function offer(states: Int32Array): boolean {
    const c = code as Code;
    for (let j = 0; j < states.length; j += width) {
      if (c.count() >= host.limit() && !grow()) return false;
      if (c.mine(states, j)) c.insert(...states.subarray(j, j + width));
    }
    return true;
  }

  function find(target: Int32Array, level: number): Int32Array[] {
    const c = code as Code;
    c.seek(target);
    const end = levels[level + 2] as number;
    const found: Int32Array[] = [];
    for (let i = levels[level + 1] as number; i < end; ) {
      const first = i - (i & (SEGMENT - 1));
      const to = Math.min(end, first + SEGMENT);
      i =
        first +
        c.run(segments[i >>> 16] as Int32Array, (i & (SEGMENT - 1)) * width, (to - first) * width, 2 ** 31) / width;
      if (i < to) found.push(stateAt(i++));
    }
    c.seek(null);
    c.takeTransitions();
    return found;
  }

  port.on('message', (r) => {
    let [missed, full, found] = [[] as Int32Array[], false, [] as Int32Array[]];
    if (r.ask === 'code') setCode(r);
    const c = code as Code;
    if (r.ask === 'level') {
      levels.push(c.count());
      if (r.expanded) at = c.count();
    }
    if (r.ask === 'take') full = !take(r.boxes);
    if (r.ask === 'offer') full = !offer(r.states);
    if (r.ask === 'find') found = find(r.target, r.level);
    const expanding = r.ask === 'expand';
    if (expanding) openBoxes();
    if (r.ask === 'expand') ({ missed, full } = expand(r.most));
    const doubtful = suspects.map(stateAt);
    suspects = [];
    port.postMessage({
      count: c.count(),
      bytes: bytes(),
      left: (levels[levels.length - 1] as number) - at,
      transitions: c.takeTransitions(),
      boxes: expanding ? closeBoxes() : [],
      missed,
      suspects: doubtful,
      found,
      full,
    });
  });
}
