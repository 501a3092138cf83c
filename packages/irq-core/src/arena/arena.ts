// The arena: all mutable state of one machine in one buffer, with views, snapshot, hash, diff and JSON derived from one declaration.

import { ModelError } from '../errors.ts';
import type { ViewBase } from './accessors.ts';
import { type Change, diffBytes } from './diff.ts';
import { createFootprint, type Footprint } from './footprint.ts';
import { hash32, hash64, hashText } from './hash.ts';
import { fromJson, type StateJson, toJson } from './json.ts';
import type { Fields, StructKind } from './kinds.ts';
import { createMemory, type StaleHandler } from './memory.ts';
import { place } from './placement.ts';
import { slotOf } from './pool.ts';
import { readSnapshot, writeSnapshot } from './snapshot.ts';
import { bind } from './view.ts';
import type { StructView } from './view-types.ts';

/** One machine's state. `root` is the bound view; everything else works on the bytes. */
export interface Arena<F extends Fields = Fields> {
  readonly kind: StructKind<F>;
  readonly root: StructView<F>;
  /** The working buffer. Copy into it to load a state, copy from it to keep one. */
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
  /** 16 hex digits naming the layout: two arenas with equal fingerprints can exchange bytes. */
  readonly fingerprint: string;
  /** What was touched since it was last cleared; null unless the arena records. */
  readonly footprint: Footprint | null;
  /** Called when a stale pool handle is dereferenced. Throws ModelError unless replaced. */
  onStale(handler: StaleHandler): void;
  hash(): number;
  hash64(out: Uint32Array): void;
  /** Header and bytes; see {@link Arena.restore}. */
  snapshot(): Uint8Array;
  /** Loads a snapshot. Throws VIRQ-A002 if it belongs to another layout or is damaged. */
  restore(snapshot: Uint8Array): void;
  /** Named changes from the given raw bytes to the present state. */
  diff(before: Uint8Array): Change[];
  toJSON(): StateJson;
  /** View of `kind` over the bytes at `offset` (process frames share one region). */
  bindAt<G extends Fields>(kind: StructKind<G>, offset: number): StructView<G>;
  /** Byte offset of a struct view of this arena. */
  offsetOf(view: object): number;
  /** Replaces the state by JSON. Throws VIRQ-A003 (state unchanged) if it does not fit. */
  loadJSON(json: unknown): void;
}

/** An arena whatever its root. */
export type AnyArena = Omit<Arena, 'kind' | 'root'>;

/** Options of {@link createArena}. */
export interface ArenaOptions {
  /** Record which bits each access reads and writes (for partial order reduction). Slower by about two. */
  readonly record?: boolean;
}

/** Name of a layout: a hash of its whole declaration. */
export function layoutFingerprint(kind: StructKind): string {
  return hashText(JSON.stringify(kind));
}

const refuseStale: StaleHandler = (pool, handle) => {
  throw new ModelError(`${pool}: handle ${handle} of slot ${slotOf(handle)} is stale: the slot was freed`);
};

/** Allocates the state of a layout, all zero. */
export function createArena<F extends Fields>(kind: StructKind<F>, options: ArenaOptions = {}): Arena<F> {
  const { size } = place(kind);
  const footprint = options.record === true ? createFootprint(Math.ceil(size / 4)) : null;
  const memory = createMemory(size, footprint, refuseStale);
  const fingerprint = layoutFingerprint(kind);
  return {
    kind,
    root: bind(kind, memory, 0, kind.name) as StructView<F>,
    bytes: memory.u8,
    words: memory.u32,
    fingerprint,
    footprint,
    onStale: (handler) => {
      memory.onStale = handler;
    },
    hash: () => hash32(memory.u32),
    hash64: (out) => hash64(memory.u32, out),
    snapshot: () => writeSnapshot(memory.u8, fingerprint),
    restore: (snapshot) => memory.u8.set(readSnapshot(snapshot, fingerprint, memory.u8.length)),
    diff: (before) => diffBytes(kind, before, memory.u8),
    toJSON: () => toJson(memory, kind),
    bindAt: (other, offset) => bind(other, memory, offset, other.name) as never,
    offsetOf: (view) => (view as ViewBase)._at,
    loadJSON: (json) => fromJson(memory, kind, json),
  };
}
