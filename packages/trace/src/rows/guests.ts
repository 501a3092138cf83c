// Which guest an event belongs to. A capture names the process only with perf's pid/tid or ftrace's record-tgid; an irqfd's
// kworker never belongs to one. With one guest everything is its; with several, an event that cannot be attributed says so.
import type { TraceEvent } from '../events/trace-event.ts';
import { createGuest, type Guest } from './guest.ts';

/** The guests of a capture. */
export interface Guests {
  readonly list: Guest[];
  readonly byTgid: Map<number, Guest>;
  /** Takes events that belong to one of several guests without saying to which. */
  readonly unattributed: Guest;
  /** True if lines show two guests that cannot be told apart: the same APIC id served by two threads in turn. */
  mixed: boolean;
}

const MAX_GUESTS = 256;

/** No guest seen yet; the first event creates one. */
export function createGuests(): Guests {
  return { list: [createGuest(0, false)], byTgid: new Map(), unattributed: createGuest(-1, true), mixed: false };
}

/** The guest of `event`; `gsi` helps to attribute a kworker's injection when there are several. */
export function guestOf(guests: Guests, event: TraceEvent, gsi = -1): Guest {
  const { list } = guests;
  if (event.tgid > 0 && event.kworker === 0 && event.pid !== 0 && event.hardirq === 0) return byTgid(guests, event);
  if (list.length === 1) return list[0] as Guest;
  const owners = list.filter(
    (guest) => guest.gsis.get(gsi)?.resampling || (guest.gsis.get(gsi)?.acknowledged ?? 0) > 0,
  );
  return owners.length === 1 ? (owners[0] as Guest) : guests.unattributed;
}

function byTgid(guests: Guests, event: TraceEvent): Guest {
  const known = guests.byTgid.get(event.tgid);
  if (known) return known;
  const first = guests.list[0] as Guest;
  if (guests.list.length >= MAX_GUESTS) return guests.unattributed;
  const guest = first.tgid < 0 ? first : createGuest(guests.list.length, false);
  if (guest !== first) guests.list.push(guest);
  guest.tgid = event.tgid;
  guest.comm = event.comm;
  guests.byTgid.set(event.tgid, guest);
  return guest;
}

/** Notes that the event's thread runs the vCPU with this APIC id, and notices two guests taking turns. */
export function noteVcpu(guests: Guests, guest: Guest, apicid: number, event: TraceEvent): void {
  guest.lastActivity = event.time;
  if (guest.tgid < 0 && guest.comm === '') guest.comm = event.comm;
  const thread = guest.vcpuThreads.get(apicid);
  if (!thread) {
    if (guest.vcpuThreads.size < 4096) guest.vcpuThreads.set(apicid, { pid: event.pid, before: -1 });
    return;
  }
  if (thread.pid === event.pid) return;
  if (thread.before === event.pid) guests.mixed = true;
  thread.before = thread.pid;
  thread.pid = event.pid;
}
