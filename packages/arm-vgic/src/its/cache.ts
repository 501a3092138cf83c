// Translation caches: which LPI a (doorbell, DeviceID, EventID) means, each entry with a reference. Linux: vgic-its.c vgic_its_cache_translation, vgic_its_check_cache,
// vgic_its_invalidate_cache. 6.1 keeps one list per VM in order of last use, 6.12 a map per ITS.

import { type CompositeArray, columns, type View } from '@virq/irq-core/arena';
import { CacheEntry, PLACE } from './layout.ts';
import type { Lpis } from './lpis.ts';
import type { ItsPolicy } from './policy.ts';

type Entry = View<typeof CacheEntry>;
type Entries = CompositeArray<Entry>;

/** The two forms, without references. */
interface Store {
  /** Handle of the LPI, 0 for a miss. The list moves what it finds to its front. */
  peek(doorbell: number, device: number, event: number): number;
  /** Keeps a translation: the handle that has to go for it, 0 for none; that of the LPI itself if there is no room for it. */
  store(doorbell: number, device: number, event: number, lpi: number): number;
}

/** A cache. Handles are those of the VM's LPIs. */
export interface TranslationCache extends Store {
  /** Handle of the LPI, with a reference where the kernel takes one; 0 for a miss. */
  lookup(doorbell: number, device: number, event: number): number;
  /** Keeps a translation with a reference of its own; none when there is no room, or it is there. */
  insert(doorbell: number, device: number, event: number, lpi: number): void;
  /** Next place that has a translation, from a place on; -1 for none. */
  next(place: number): number;
  /** Takes the translation of a place out: handle of its LPI, whose reference is the caller's now. */
  take(place: number): number;
  /** After the last has been taken out. */
  tidy(): void;
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
  e.state = PLACE.USED;
  e.doorbellLo = doorbell >>> 0;
  e.doorbellHi = Math.floor(doorbell / 2 ** 32);
  e.device = device;
  e.event = event;
}

function copy(to: Entry, from: Entry): void {
  to.state = from.state;
  to.doorbellLo = from.doorbellLo;
  to.doorbellHi = from.doorbellHi;
  to.device = from.device;
  to.event = from.event;
  to.lpi = from.lpi;
}

const is = (e: Entry, doorbell: number, device: number, event: number): boolean =>
  e.state === PLACE.USED && e.device === device && e.event === event && doorbellOf(e) === doorbell;

/** Index of a translation, -1 for none. */
function findInList(entries: Entries, doorbell: number, device: number, event: number): number {
  for (let i = 0; i < entries.length; i++) if (is(entries.at(i), doorbell, device, event)) return i;
  return -1;
}

/** Makes room at the front: entries before `index` move back by one, what was at `index` is overwritten. */
function shift(entries: Entries, index: number): void {
  for (let i = index; i > 0; i--) copy(entries.at(i), entries.at(i - 1));
}

function createList({ entries }: CacheOptions): Store {
  return {
    peek(doorbell, device, event) {
      const index = findInList(entries, doorbell, device, event);
      if (index < 0) return 0;
      const { lpi } = entries.at(index);
      shift(entries, index);
      fill(entries.at(0), doorbell, device, event);
      entries.at(0).lpi = lpi;
      return lpi;
    },
    store(doorbell, device, event, lpi) {
      const last = entries.at(entries.length - 1);
      const gone = last.state === PLACE.USED ? last.lpi : 0;
      shift(entries, entries.length - 1);
      fill(entries.at(0), doorbell, device, event);
      entries.at(0).lpi = lpi;
      return gone;
    },
  };
}

function createMap({ entries }: CacheOptions): Store {
  const mask = entries.length - 1;
  if ((entries.length & mask) !== 0) throw new RangeError(`cache: ${entries.length} is no power of two`);

  const { state, device: devices, event: events, lpi: lpis } = columns(CacheEntry, entries);

  /** Index of a translation, ~index of the place where it would go, or the length when there is neither. */
  function find(device: number, event: number): number {
    let slot = (Math.imul((device << 16) | event, 0x9e3779b1) >>> 12) & mask;
    let room = -1;
    for (let probes = 0; probes <= mask; probes++) {
      const kind = state.get(slot);
      if (kind === PLACE.FREE) return ~(room < 0 ? slot : room);
      if (kind === PLACE.GONE) room = room < 0 ? slot : room;
      else if (devices.get(slot) === device && events.get(slot) === event) return slot;
      slot = (slot + 1) & mask;
    }
    return room < 0 ? entries.length : ~room;
  }

  return {
    peek(_doorbell, device, event) {
      if (device > 0xffff || event > 0xffff) return 0;
      const slot = find(device, event);
      return slot < 0 || slot > mask ? 0 : lpis.get(slot);
    },
    store(doorbell, device, event, lpi) {
      const slot = find(device, event);
      if (slot === entries.length) return lpi;
      const e = entries.at(slot < 0 ? ~slot : slot);
      const gone = slot < 0 ? 0 : e.lpi;
      fill(e, doorbell, device, event);
      e.lpi = lpi;
      return gone;
    },
  };
}

/** Creates a cache over zeroed entries. */
export function createCache(options: CacheOptions): TranslationCache {
  const { entries, policy, lpis } = options;
  const { peek, store } = policy.cache === 'lru' ? createList(options) : createMap(options);

  function next(place: number): number {
    for (let i = place; i < entries.length; i++) if (entries.at(i).state === PLACE.USED) return i;
    return -1;
  }

  function take(place: number): number {
    const e = entries.at(place);
    e.state = PLACE.GONE;
    return e.lpi;
  }

  function tidy(): void {
    if (next(0) >= 0) return;
    for (let i = 0; i < entries.length; i++) {
      const e = entries.at(i);
      if (e.state !== PLACE.FREE) forget(e);
    }
  }

  return {
    peek,
    store,
    lookup(doorbell, device, event) {
      const lpi = peek(doorbell, device, event);
      if (lpi !== 0 && policy.hitTakesReference) lpis.hold(lpi);
      return lpi;
    },
    insert(doorbell, device, event, lpi) {
      if (peek(doorbell, device, event) !== 0) return;
      lpis.hold(lpi);
      const gone = store(doorbell, device, event, lpi);
      if (gone !== 0) lpis.put(gone);
    },
    next,
    take,
    tidy,
    clear() {
      for (let place = next(0); place >= 0; place = next(place + 1)) lpis.put(take(place));
      tidy();
    },
  };
}

/** A place as it was before it was used. */
function forget(e: Entry): void {
  e.state = PLACE.FREE;
  e.doorbellLo = 0;
  e.doorbellHi = 0;
  e.device = 0;
  e.event = 0;
  e.lpi = 0;
}
