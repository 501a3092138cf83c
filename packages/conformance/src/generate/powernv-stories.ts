// Short stories about XIVE that random choice alone rarely tells to the end: an event all the way to a CPU, a chain of escalations, a backlog.

import type { Op } from '../oracle.ts';
import type { Choose } from './choose.ts';
import { dispatch, timaLoad } from './powernv-tima.ts';
import {
  anySource,
  type Backend,
  data,
  end,
  endArguments,
  HARDWARE_NVTS,
  lsi,
  msi,
  nvt,
  thread,
} from './powernv-values.ts';

/** A story. */
export interface PowernvStory {
  readonly weight: number;
  tell(c: Choose, on: Backend): Op[];
}

const trigger = (lisn: number): Op => ({ op: 'esb', lisn, cmd: 'trigger' });
const enable = (lisn: number): Op => ({ op: 'esb', lisn, cmd: 'set_pq_00' });
const route = (c: Choose, lisn: number, idx: number): Op[] => [
  { op: 'eas', lisn, end: idx, data: data(c) },
  enable(lisn),
];
const acknowledge = (c: Choose, on: Backend): Op =>
  on === 'xive9' ? { op: 'ack', thread: thread(c) } : timaLoad(c, on);

/** What firmware and hypervisor leave behind: targets, ENDs with all their bits, sources that are routed and on, somebody who runs. */
function running(c: Choose, on: Backend): Op[] {
  const contexts = [1, 2, 3, ...HARDWARE_NVTS];
  const ends = [0, 1, 2, 3].map((idx) => ({ op: 'end', ...endArguments(c, idx), valid: 1 }));
  const sources = [0, 1, 2, 16, 17].flatMap((lisn) => route(c, lisn, c.between(0, 3)));
  return [...contexts.map((idx) => ({ op: 'nvt', idx })), ...ends, ...sources, ...dispatch(c, on, nvt(c))];
}

/** An event to a dispatched NVT, acknowledged and ended. */
function delivered(c: Choose, on: Backend): Op[] {
  const [lisn, idx, context] = [anySource(c), end(c), nvt(c)];
  return [
    { op: 'nvt', idx: context },
    { op: 'end', idx, nvt: context, prio: c.between(0, 7), ignore: c.chance(6) ? 1 : 0 },
    ...route(c, lisn, idx),
    ...dispatch(c, on, context),
    trigger(lisn),
    ...(c.chance(50) ? [trigger(lisn)] : []),
    acknowledge(c, on),
    { op: 'esb', lisn, cmd: c.one(['eoi', 'store_eoi']) },
  ];
}

/** Events for an NVT that nobody runs, and then somebody does. */
function backlog(c: Choose, on: Backend): Op[] {
  const [context, idx] = [nvt(c), end(c)];
  const sources = [msi(c), msi(c)];
  return [
    { op: 'nvt', idx: context },
    { op: 'end', idx, nvt: context, prio: c.between(0, 7), notify: c.chance(80) ? 1 : 0, esn: 0 },
    ...sources.flatMap((lisn) => route(c, lisn, idx)),
    ...(c.chance(50) ? [{ op: 'pull_os', thread: thread(c) }] : []),
    ...sources.map(trigger),
    { op: 'nvt_read', idx: context },
    ...dispatch(c, on, context),
    { op: 'nvt_read', idx: context },
    acknowledge(c, on),
  ];
}

/** A target that comes with something pending, valid or not, and goes again. */
function pending(c: Choose, on: Backend): Op[] {
  const context = nvt(c);
  return [
    { op: 'nvt', idx: context, valid: c.chance(60) ? 1 : 0, ipb: c.one([0x80, 0x0a, 2]) },
    ...dispatch(c, on, context),
    { op: 'nvt_read', idx: context },
    { op: 'pull_os', thread: thread(c) },
  ];
}

/** ENDs that escalate one to the next, because nobody runs their target or because they are silent; the last one to somebody who runs. */
function chain(c: Choose, on: Backend): Op[] {
  const [lisn, first, links] = [msi(c), c.between(0, 2), c.between(1, 3)];
  const [runs, waits] = c.chance(50) ? [1, 2] : [2, 3];
  const ends = Array.from({ length: links }, (_, i) => first + i).map((idx) => ({
    op: 'end',
    ...endArguments(c, idx),
    ...{ nvt: waits, prio: c.between(0, 7), valid: 1, notify: 1, format: 0, ignore: 0 },
    ...{ escalate: 1, ese: c.one([0, 0, 0, 1]), esc_end: idx + 1 },
  }));
  const again = (): Op[] => [enable(lisn), trigger(lisn)];
  return [
    { op: 'nvt', idx: runs },
    { op: 'nvt', idx: waits },
    ...ends,
    { op: 'end', ...endArguments(c, first + links), nvt: runs, valid: 1, notify: 1 },
    ...dispatch(c, on, runs),
    ...route(c, lisn, first),
    trigger(lisn),
    ...again(),
    { op: 'end_esb', idx: first, cmd: c.one(['eoi', 'get', 'set_pq_00']), which: 'e' },
    ...again(),
  ];
}

/** Notifications that the router coalesces, and the end of them. */
function coalesced(c: Choose): Op[] {
  const [lisn, idx, context] = [msi(c), end(c), nvt(c)];
  return [
    { op: 'nvt', idx: context },
    { op: 'end', idx, nvt: context, prio: c.between(0, 7), notify: 0, esn: c.one([0, 0, 0, 1]) },
    ...route(c, lisn, idx),
    trigger(lisn),
    enable(lisn),
    trigger(lisn),
    { op: 'end_esb', idx, cmd: c.one(['eoi', 'set_pq_00']), which: 'n' },
    enable(lisn),
    trigger(lisn),
  ];
}

/** A queue filled past its end. */
function wrap(c: Choose): Op[] {
  const [lisn, idx] = [msi(c), end(c)];
  const again = (): Op[] => [enable(lisn), trigger(lisn)];
  return [
    { op: 'end', ...endArguments(c, idx), valid: 1, enqueue: 1, qsize: 12, off: 1024 - c.between(1, 2) },
    ...route(c, lisn, idx),
    ...Array.from({ length: c.between(2, 5) }, again).flat(),
    { op: 'eq_read', idx, entry: 1023 },
  ];
}

/** A line that stays up over its EOI, and one that goes down before. */
function level(c: Choose): Op[] {
  const lisn = lsi(c);
  return [
    ...route(c, lisn, end(c)),
    { op: 'line', lisn, level: 1 },
    { op: 'esb', lisn, cmd: c.one(['eoi', 'store_eoi']) },
    { op: 'line', lisn, level: 0 },
    { op: 'esb', lisn, cmd: c.one(['eoi', 'store_eoi']) },
  ];
}

/** An event for a hardware thread itself, on its physical ring. */
function physical(c: Choose, on: Backend): Op[] {
  const [lisn, idx, t] = [msi(c), end(c), thread(c)];
  const context = HARDWARE_NVTS[t] as number;
  const push: Op[] =
    on === 'xive9'
      ? [
          { op: 'push_phys', thread: t },
          { op: 'cppr', value: 0xff, thread: t, ring: 'phys' },
        ]
      : [
          { op: 'tm_write', thread: t, page: 0, off: 0x38, size: 8, value: '0x8000000000000000' },
          { op: 'tm_write', thread: t, page: 0, off: 0x30, size: 8, value: '0xff000000000000' },
        ];
  return [
    { op: 'nvt', idx: context },
    { op: 'end', idx, nvt: context, prio: c.between(0, 7) },
    ...push,
    ...route(c, lisn, idx),
    trigger(lisn),
    on === 'xive9' ? { op: 'ack', thread: t, ring: 'phys' } : timaLoad(c, on),
  ];
}

/** Two threads with one NVT. */
const twice = (c: Choose, on: Backend): Op[] => {
  const context = nvt(c);
  return [...dispatch(c, on, context), ...dispatch(c, on, context), trigger(msi(c))];
};

/** The stories. */
export const POWERNV_STORIES: readonly PowernvStory[] = [
  { weight: 10, tell: running },
  { weight: 10, tell: delivered },
  { weight: 6, tell: backlog },
  { weight: 10, tell: chain },
  { weight: 3, tell: pending },
  { weight: 5, tell: coalesced },
  { weight: 4, tell: wrap },
  { weight: 4, tell: level },
  { weight: 5, tell: physical },
  { weight: 2, tell: twice },
];
