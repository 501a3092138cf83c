// Host side: interrupt handlers by irq number and name (irq_handler_entry/exit). VFIO's handlers are named after their mode and
// device (drivers/vfio/pci/vfio_pci_intrs.c), which is how a guest interrupt's origin is recognised.
import type { TraceEvent } from '../events/trace-event.ts';
import { createEvidence, type Evidence, remember } from '../findings/evidence.ts';

/** How VFIO uses a host interrupt; `other` is not VFIO's. */
export type HostUse = 'vfio-intx' | 'vfio-msi' | 'vfio-msix' | 'vfio-platform' | 'other';

/** One handler of one host IRQ. */
export interface HostIrq {
  readonly irq: number;
  readonly handler: string;
  readonly use: HostUse;
  calls: number;
  handled: number;
  unhandled: number;
  lastCall: number;
  readonly lastLine: Evidence;
}

/** Host IRQs of the capture and what is running now. */
export interface HostIrqs {
  readonly byName: Map<string, HostIrq>;
  /** Running handler per CPU. */
  readonly running: (HostIrq | undefined)[];
  /** Calls in a row that no handler of the IRQ claimed. */
  readonly unclaimed: Map<number, { run: number; worst: number; line: number }>;
  /** The VFIO handler that ran last and whose effect on the guest has not been seen yet. */
  origin: HostIrq | undefined;
  originTime: number;
}

const MAX_HOST_IRQS = 4096;
const MAX_CPUS = 8192;
/** An irqfd's work follows its handler within this many nanoseconds; later raises are somebody else's. */
const ORIGIN_WINDOW = 2_000_000;
const MAX_HANDLER_TIME = 1_000_000;

/** No host IRQs yet. */
export function createHostIrqs(): HostIrqs {
  return { byName: new Map(), running: [], unclaimed: new Map(), origin: undefined, originTime: 0 };
}

/** irq_handler_entry */
export function enterHandler(host: HostIrqs, event: TraceEvent): void {
  const entry = hostIrq(host, event.irq, event.handler);
  if (!entry) return;
  entry.calls++;
  entry.lastCall = event.time;
  if (entry.use !== 'other') {
    remember(entry.lastLine, event);
    host.origin = entry;
    host.originTime = event.time;
  }
  if (event.cpu >= 0 && event.cpu < MAX_CPUS) host.running[event.cpu] = entry;
}

/** irq_handler_exit. A VFIO handler that found its device quiet (shared line) is no origin. */
export function leaveHandler(host: HostIrqs, event: TraceEvent): void {
  const entry = event.cpu >= 0 ? host.running[event.cpu] : undefined;
  if (!entry || entry.irq !== event.irq) return;
  host.running[event.cpu] = undefined;
  if (event.handled) entry.handled++;
  else {
    entry.unhandled++;
    if (host.origin === entry) host.origin = undefined;
  }
  countUnclaimed(host, event);
}

/** The handler that is running on the event's CPU. Without exit events, one that started up to a millisecond ago. */
export function runningHandler(host: HostIrqs, event: TraceEvent): HostIrq | undefined {
  const entry = event.cpu >= 0 ? host.running[event.cpu] : undefined;
  return entry && event.time - entry.lastCall <= MAX_HANDLER_TIME ? entry : undefined;
}

/** The VFIO handler that explains a raise at `time`, taken at most once. */
export function takeOrigin(host: HostIrqs, time: number): HostIrq | undefined {
  const { origin } = host;
  if (!origin) return undefined;
  host.origin = undefined;
  return time - host.originTime <= ORIGIN_WINDOW ? origin : undefined;
}

function countUnclaimed(host: HostIrqs, event: TraceEvent): void {
  let entry = host.unclaimed.get(event.irq);
  if (!entry) {
    if (host.unclaimed.size >= MAX_HOST_IRQS) return;
    entry = { run: 0, worst: 0, line: 0 };
    host.unclaimed.set(event.irq, entry);
  }
  entry.run = event.handled ? 0 : entry.run + 1;
  if (entry.run <= entry.worst) return;
  entry.worst = entry.run;
  entry.line = event.line;
}

function hostIrq(host: HostIrqs, irq: number, handler: string): HostIrq | undefined {
  const running = host.byName.get(handler);
  if (running?.irq === irq) return running;
  const key = running ? `${irq} ${handler}` : handler;
  const known = running ? host.byName.get(key) : undefined;
  if (known) return known;
  if (host.byName.size >= MAX_HOST_IRQS) return undefined;
  const created: HostIrq = {
    irq,
    handler,
    use: useOf(handler),
    calls: 0,
    handled: 0,
    unhandled: 0,
    lastCall: -1,
    lastLine: createEvidence(),
  };
  host.byName.set(key, created);
  return created;
}

function useOf(handler: string): HostUse {
  const match = /^(vfio-(?:intx|msix?))[([]/.exec(handler);
  if (match) return match[1] as HostUse;
  return handler.startsWith('vfio-irq[') || handler.startsWith('vfio-platform') ? 'vfio-platform' : 'other';
}
