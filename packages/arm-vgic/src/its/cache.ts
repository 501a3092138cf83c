// Translation caches: which LPI a (doorbell, DeviceID, EventID) means, each entry with a reference. Linux: vgic-its.c vgic_its_cache_translation, vgic_its_check_cache,
// vgic_its_invalidate_cache. 6.1 keeps one list per VM in order of last use, 6.12 a map per ITS.

import type { CompositeArray, View } from '@virq/irq-core/arena';
import type { CacheEntry } from './layout.ts';
import type { Lpis } from './lpis.ts';
import type { ItsPolicy } from './policy.ts';

type Entry = View<typeof CacheEntry>;
type Entries = CompositeArray<Entry>;

/** A cache. Handles are those of the VM's LPIs. */
export interface TranslationCache {
  /** Handle of the LPI, with a reference where the kernel takes one; 0 for a miss. */
  lookup(doorbell: number, device: number, event: number): number;
  /** Keeps a translation with a reference of its own; none when there is no room, or it is there. */
  insert(doorbell: number, device: number, event: number, lpi: number): void;
  /** Forgets everything. */
  clear(): void;
}

/** What a cache is made of. */
export interface CacheOptions {
  readonly entries: Entries;
  readonly policy: Pick<ItsPolicy, 'cache' | 'hitTakesReference'>;
  readonly lpis: Lpis;
}

const doorbellOf = (e: Entry): number => e.doorbellHi * 2 ** 32 + e.doorbellLo;

function fill(e: Entry, doorbell: number, device: number, event: number): void {
  e.used = 1;
  e.doorbellLo = doorbell >>> 0;
  e.doorbellHi = Math.floor(doorbell / 2 ** 32);
  e.device = device;
  e.event = event;
}

function copy(to: Entry, from: Entry): void {
  to.used = from.used;
  to.doorbellLo = from.doorbellLo;
  to.doorbellHi = from.doorbellHi;
  to.device = from.device;
  to.event = from.event;
  to.lpi = from.lpi;
}

const is = (e: Entry, doorbell: number, device: number, event: number): boolean =>
  e.used === 1 && e.device === device && e.event === event && doorbellOf(e) === doorbell;

/** Index of a translation, -1 for none. */
function findInList(entries: Entries, doorbell: number, device: number, event: number): number {
  for (let i = 0; i < entries.length; i++) if (is(entries.at(i), doorbell, device, event)) return i;
  return -1;
}

/** Makes room at the front: entries before `index` move back by one, what was at `index` is overwritten. */
function shift(entries: Entries, index: number): void {
  for (let i = index; i > 0; i--) copy(entries.at(i), entries.at(i - 1));
}

function createList({ entries, lpis }: CacheOptions): Omit<TranslationCache, 'clear'> {
  return {
    lookup(doorbell, device, event) {
      const index = findInList(entries, doorbell, device, event);
      if (index < 0) return 0;
      const { lpi } = entries.at(index);
      shift(entries, index);
      fill(entries.at(0), doorbell, device, event);
      entries.at(0).lpi = lpi;
      return lpi;
    },
    insert(doorbell, device, event, lpi) {
      if (findInList(entries, doorbell, device, event) >= 0) return;
      const last = entries.at(entries.length - 1);
      if (last.used === 1) lpis.put(last.lpi);
      shift(entries, entries.length - 1);
      fill(entries.at(0), doorbell, device, event);
      entries.at(0).lpi = lpi;
      lpis.hold(lpi);
    },
  };
}

function createMap({ entries, lpis }: CacheOptions): Omit<TranslationCache, 'clear'> {
  const mask = entries.length - 1;
  if ((entries.length & mask) !== 0) throw new RangeError(`cache: ${entries.length} is no power of two`);

  /** Index of a translation, ~index of the place where it would go, or the length when there is neither. */
  function find(device: number, event: number): number {
    let slot = (Math.imul((device << 16) | event, 0x9e3779b1) >>> 12) & mask;
    for (let probes = 0; probes <= mask; probes++) {
      const e = entries.at(slot);
      if (e.used === 0) return ~slot;
      if (e.device === device && e.event === event) return slot;
      slot = (slot + 1) & mask;
    }
    return entries.length;
  }

  return {
    lookup(_doorbell, device, event) {
      if (device > 0xffff || event > 0xffff) return 0;
      const slot = find(device, event);
      return slot < 0 || slot === entries.length ? 0 : entries.at(slot).lpi;
    },
    insert(doorbell, device, event, lpi) {
      const slot = find(device, event);
      if (slot >= 0) return;
      fill(entries.at(~slot), doorbell, device, event);
      entries.at(~slot).lpi = lpi;
      lpis.hold(lpi);
    },
  };
}

/** Creates a cache over zeroed entries. */
export function createCache(options: CacheOptions): TranslationCache {
  const { entries, policy, lpis } = options;
  const { lookup, insert } = policy.cache === 'lru' ? createList(options) : createMap(options);
  return {
    lookup(doorbell, device, event) {
      const lpi = lookup(doorbell, device, event);
      if (lpi !== 0 && policy.hitTakesReference) lpis.hold(lpi);
      return lpi;
    },
    insert,
    clear() {
      for (let i = 0; i < entries.length; i++) {
        const e = entries.at(i);
        if (e.used === 0) continue;
        e.used = 0;
        lpis.put(e.lpi);
      }
    },
  };
}
