// @virq/irq-core/arena: declared layouts over one buffer.

export { type AnyArena, type Arena, type ArenaOptions, createArena, layoutFingerprint } from './arena.ts';
export { addressOf, type Bare, bareOf, type Spot, spotOf, strideOf } from './bare.ts';
export { type Assignment, assignment, type Column, type Columns, columns, type Pattern, pattern } from './column.ts';
export { type Change, diffBytes } from './diff.ts';
export { clearFootprint, conflicts, createFootprint, type Footprint } from './footprint.ts';
export { hash32, hash64 } from './hash.ts';
export type { StateJson } from './json.ts';
export type { ArrayKind, BitmapKind, BitsKind, Fields, IntKind, Kind, PoolKind, StructKind, U64Kind } from './kinds.ts';
export {
  array,
  be16,
  be32,
  be64,
  bitmap,
  bits,
  handle,
  MAX_POOL,
  pool,
  struct,
  u1,
  u8,
  u16,
  u32,
  u64,
} from './kinds.ts';
export type { StaleHandler } from './memory.ts';
export { type Placement, place } from './placement.ts';
export { slotOf } from './pool.ts';
export type { Bitmap, CompositeArray, Pool, ScalarArray, StructView, View, ViewOf } from './view-types.ts';
export { type Visitor, walk } from './walk.ts';
