// The kernel's lists of devices, ITEs and collections: handles in order of insertion. Linux: list_add_tail, list_del.

import type { Pool } from '@virq/irq-core/arena';

interface Link {
  next: number;
}

/** A singly linked list whose ends are kept elsewhere. Costs of `remove`: the length. */
export interface Chain {
  first: number;
  last: number;
}

/** Appends a slot. */
export function append<V extends Link>(pool: Pool<V>, ends: Chain, handle: number): void {
  if (ends.last === 0) ends.first = handle;
  else pool.at(ends.last).next = handle;
  ends.last = handle;
}

/** Takes a slot out of its list; it stays allocated. */
export function remove<V extends Link>(pool: Pool<V>, ends: Chain, handle: number): void {
  let before = 0;
  for (let h = ends.first; h !== handle; h = pool.at(h).next) before = h;
  const { next } = pool.at(handle);
  if (before === 0) ends.first = next;
  else pool.at(before).next = next;
  if (ends.last === handle) ends.last = before;
}
