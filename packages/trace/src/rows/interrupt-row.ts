// Everything known about one interrupt of one guest: the four columns raised, injected, acknowledged, resampled, what was
// learnt about its route, and the state of the cycle in progress.
import { createEvidence, type Evidence, type QuotedLine } from '../findings/evidence.ts';
import { createLatencyHistogram, type LatencyHistogram, recordLatency } from './latency-histogram.ts';

/** What identifies a row: a GSI; an MSI by destination and vector; an arm64 PPI; a vector the local APIC raises itself. */
export type RowKind = 'gsi' | 'msi' | 'ppi' | 'local';

/** Facts about occurrences of one anomaly, with the lines of the first. */
export interface Anomaly {
  count: number;
  /** Nanoseconds between the two decisive lines of the first occurrence. */
  delay: number;
  lines: QuotedLine[];
}

/** One row while the capture is being read. Times are nanoseconds since the capture's first event. */
export interface InterruptRow {
  readonly kind: RowKind;
  readonly vm: number;
  /** GSI for `gsi`, INTID for `ppi`, vector otherwise. */
  readonly id: number;
  /** MSI destination, APIC id of a local vector, or vCPU of a PPI; -1 for a GSI. */
  readonly target: number;
  /** Times a source's level went from 0 to 1, or MSIs sent. */
  raised: number;
  /** Raises while the source had the level at 1 already. */
  repeated: number;
  lowered: number;
  accepted: number;
  injected: number;
  acknowledged: number;
  resampled: number;
  /** Level 0 by a resampling irqfd without an EOI: de-assigned, or the VM was closed. */
  released: number;
  masked: number;
  coalesced: number;
  toInject: LatencyHistogram | undefined;
  toAcknowledge: LatencyHistogram | undefined;
  toResample: LatencyHistogram | undefined;

  /** IOAPIC pin, or the pin of the only irqchip; -1 unknown. */
  pin: number;
  /** PIC input 0 … 15; -1 unknown. */
  picPin: number;
  vector: number;
  dst: number;
  /** 1 level, 0 edge, -1 not seen. */
  trigger: number;
  /** True once raised from kworker or hard interrupt context: an irqfd feeds it. */
  irqfd: boolean;
  /** True once raised with source id 1. */
  resampling: boolean;
  /** Sources seen, bit per source id. */
  sources: number;
  /** Name of the VFIO handler that precedes its raises, e.g. `vfio-intx(0000:00:05.0)`. */
  hostHandler: string;
  hostIrq: number;

  /** Sources that hold the level at 1. */
  asserted: number;
  /** True from a raise until it is acknowledged, withdrawn or released. */
  open: boolean;
  raiseTime: number;
  raiseTask: number;
  raiseKworker: boolean;
  /** Some chip took the current raise over: a lowered level no longer takes it back. */
  latched: boolean;
  /** The current raise was offered to an unmasked level-triggered PIC pin, which forgets when the level drops. */
  offeredToPicLevel: boolean;
  /** A PIC pin holds the request and no injection has taken it yet. */
  picPending: boolean;
  /** 1 all chips masked so far, 0 some chip not, -1 no chip line yet. */
  maskedEverywhere: number;
  injectedSinceRaise: boolean;
  acknowledgedSinceRaise: boolean;
  /** The raise was taken back by the task that made it before anyone acknowledged it. */
  pulse: boolean;
  /** A guest EOI to the PIC was seen after the pulse; it may have been for this interrupt. */
  pulseMaybeServed: boolean;
  lastAcknowledge: number;
  lastResample: number;
  stormRun: number;
  lastRaise: number;

  readonly raiseLine: Evidence;
  readonly chipLine: Evidence;
  readonly lowerLine: Evidence;
  readonly serveLine: Evidence;
  lost: Anomaly;
  storm: Anomaly;
  missingAck: Anomaly;
  missingEoi: Anomaly;
  undelivered: Anomaly;
}

/** A new row without history. */
export function createInterruptRow(kind: RowKind, vm: number, id: number, target: number): InterruptRow {
  return {
    kind,
    vm,
    id,
    target,
    raised: 0,
    repeated: 0,
    lowered: 0,
    accepted: 0,
    injected: 0,
    acknowledged: 0,
    resampled: 0,
    released: 0,
    masked: 0,
    coalesced: 0,
    toInject: undefined,
    toAcknowledge: undefined,
    toResample: undefined,
    pin: -1,
    picPin: -1,
    vector: kind === 'msi' || kind === 'local' ? id : -1,
    dst: kind === 'msi' ? target : -1,
    trigger: -1,
    irqfd: false,
    resampling: false,
    sources: 0,
    hostHandler: '',
    hostIrq: -1,
    asserted: 0,
    open: false,
    raiseTime: -1,
    raiseTask: 0,
    raiseKworker: false,
    latched: false,
    offeredToPicLevel: false,
    picPending: false,
    maskedEverywhere: -1,
    injectedSinceRaise: false,
    acknowledgedSinceRaise: false,
    pulse: false,
    pulseMaybeServed: false,
    lastAcknowledge: -1,
    lastResample: -1,
    stormRun: 0,
    lastRaise: -1,
    raiseLine: createEvidence(),
    chipLine: createEvidence(),
    lowerLine: createEvidence(),
    serveLine: createEvidence(),
    lost: noAnomaly(),
    storm: noAnomaly(),
    missingAck: noAnomaly(),
    missingEoi: noAnomaly(),
    undelivered: noAnomaly(),
  };
}

function noAnomaly(): Anomaly {
  return { count: 0, delay: 0, lines: [] };
}

/** Counts an anomaly; `lines` is asked for only the first time. */
export function countAnomaly(anomaly: Anomaly, delay: number, lines: () => QuotedLine[]): void {
  if (anomaly.count++ > 0) return;
  anomaly.delay = delay;
  anomaly.lines = lines();
}

/** The interrupt reached the guest. `since` is the time of its raise, or negative if that is before the capture. */
export function noteInjected(row: InterruptRow, time: number, since: number): void {
  row.injected++;
  row.injectedSinceRaise = true;
  row.pulse = false;
  if (since >= 0) {
    row.toInject ??= createLatencyHistogram();
    recordLatency(row.toInject, time - since);
  }
}

/** The guest acknowledged (EOI). */
export function noteAcknowledged(row: InterruptRow, time: number, since: number): void {
  row.acknowledged++;
  row.acknowledgedSinceRaise = true;
  row.pulse = false;
  row.lastAcknowledge = time;
  if (since >= 0) {
    row.toAcknowledge ??= createLatencyHistogram();
    recordLatency(row.toAcknowledge, time - since);
  }
}

/** The resampling irqfd lowered the level after an EOI and signalled the resamplefd: the device is being unmasked. */
export function noteResampled(row: InterruptRow, time: number): void {
  row.resampled++;
  row.lastResample = time;
  row.open = false;
  if (row.raiseTime >= 0) {
    row.toResample ??= createLatencyHistogram();
    recordLatency(row.toResample, time - row.raiseTime);
  }
  row.raiseTime = -1;
}
