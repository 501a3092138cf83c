// What ITS commands mean, in Maps: no tables, no handles, no references. Linux 7.3's rules.

import type { StreamOp } from './streams.ts';

interface Lpi {
  target: number;
  enabled: number;
  pending: number;
}
interface Collection {
  target: number | null;
}
interface Event {
  readonly intid: number;
  collection: Collection | null;
}

const [FIRST, VCPUS] = [8192, 3];

/** An ITS whose memory is all there. */
export function createReference() {
  const config = new Map<number, number>();
  const devices = new Map<number, { bits: number; events: Map<number, Event> }>();
  const collections = new Map<number, Collection>();
  const lpis = new Map<number, Lpi>();

  const eventOf = (n: (k: string) => number): Event | undefined => devices.get(n('dev'))?.events.get(n('event'));
  const lpiOf = (e: Event): Lpi => lpis.get(e.intid) as Lpi;
  const isMapped = (c: Collection | null | undefined): c is { target: number } => typeof c?.target === 'number';

  /** LPIs that no event names are gone, unless a list still has them, which then delivers them. */
  function forgetUnmapped(): void {
    const named = new Set([...devices.values()].flatMap((d) => [...d.events.values()].map((e) => e.intid)));
    for (const intid of lpis.keys()) if (!named.has(intid)) lpis.delete(intid);
  }

  function retarget(c: Collection): void {
    for (const d of devices.values())
      for (const e of d.events.values()) if (e.collection === c && isMapped(c)) lpiOf(e).target = c.target + 1;
  }

  const trigger = (dev: number, ev: number): void => {
    const e = devices.get(dev)?.events.get(ev);
    if (e !== undefined && isMapped(e.collection)) lpiOf(e).pending = 1;
  };

  const OPS: Record<string, (n: (k: string) => number) => void> = {
    lpi_config: (n) => void config.set(n('intid'), n('enable')),
    signal_msi: (n) => trigger(n('devid'), n('data')),
    int: (n) => trigger(n('dev'), n('event')),
    mapd(n) {
      devices.delete(n('dev'));
      if (n('valid') === 1) devices.set(n('dev'), { bits: n('size'), events: new Map() });
    },
    mapc(n) {
      const old = collections.get(n('icid'));
      if (n('valid') === 0) {
        for (const d of devices.values())
          for (const e of d.events.values()) if (e.collection === old) e.collection = null;
        collections.delete(n('icid'));
        return;
      }
      if (n('cpu') >= VCPUS) return;
      const c = old ?? { target: null };
      c.target = n('cpu');
      collections.set(n('icid'), c);
      retarget(c);
    },
    mapti(n) {
      const d = devices.get(n('dev'));
      if (d === undefined || n('event') >= 2 ** d.bits || n('intid') < FIRST || d.events.has(n('event'))) return;
      const c = collections.get(n('icid')) ?? { target: null };
      collections.set(n('icid'), c);
      d.events.set(n('event'), { intid: n('intid'), collection: c });
      if (lpis.has(n('intid'))) return;
      const target = isMapped(c) ? c.target + 1 : 0;
      lpis.set(n('intid'), { target, enabled: config.get(n('intid')) ?? 0, pending: 0 });
    },
    movi(n) {
      const e = eventOf(n);
      const c = collections.get(n('icid'));
      if (e === undefined || !isMapped(e.collection) || !isMapped(c)) return;
      e.collection = c;
      lpiOf(e).target = c.target + 1;
    },
    discard(n) {
      const e = eventOf(n);
      if (e !== undefined && isMapped(e.collection)) devices.get(n('dev'))?.events.delete(n('event'));
    },
    clear(n) {
      const e = eventOf(n);
      if (e !== undefined) lpiOf(e).pending = 0;
    },
    inv(n) {
      const e = eventOf(n);
      if (e !== undefined) lpiOf(e).enabled = config.get(e.intid) ?? 0;
    },
    invall(n) {
      const c = collections.get(n('icid'));
      if (!isMapped(c)) return;
      for (const [intid, l] of lpis) if (l.target === c.target + 1) l.enabled = config.get(intid) ?? 0;
    },
    movall(n) {
      if (n('cpu1') >= VCPUS || n('cpu2') >= VCPUS) return;
      for (const l of lpis.values()) if (l.target === n('cpu1') + 1) l.target = n('cpu2') + 1;
    },
  };

  return {
    apply({ op, args }: StreamOp): void {
      const number = (key: string): number => Number(args[key] ?? 1);
      OPS[op]?.(number);
      forgetUnmapped();
    },
    events: () =>
      [...devices].map(([id, d]) => ({
        id,
        bits: d.bits,
        events: [...d.events].map(([event, { intid, collection }]) => ({ event, intid, mapped: isMapped(collection) })),
      })),
    lpis: () => [...lpis].sort(([a], [b]) => a - b).map(([intid, l]) => ({ intid, ...l })),
  };
}
