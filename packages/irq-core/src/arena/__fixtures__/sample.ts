// A layout that uses every kind, for the arena's own tests.

import {
  array,
  be16,
  be32,
  be64,
  bitmap,
  bits,
  handle,
  pool,
  struct,
  u1,
  u8,
  u16,
  u32,
  u64,
  type View,
} from '../index.ts';

export const Row = struct('row', { vec: u8, mask: u1, mode: bits(3), wide: bits(20), dest: u16 });
export const Node = struct('node', { gsi: u32, next: handle });
export const Sample = struct('sample', {
  a: u8,
  b: u16,
  c: u32,
  p: u1,
  q: u1,
  five: bits(5),
  nine: bits(9),
  thirty: bits(30),
  msg: u64,
  beHalf: be16,
  beWord: be32,
  beLong: be64,
  irr: bitmap(256),
  small: bitmap(5),
  bytes: array(u8, 3),
  words: array(be32, 2),
  rows: array(Row, 4),
  nested: Row,
  grid: array(array(u16, 2), 2),
  nodes: pool(Node, 3),
});
export type Sample = View<typeof Sample>;
