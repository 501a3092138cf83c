// The state all correlating handlers share.
import type { TraceEvent } from '../events/trace-event.ts';
import { createGuests, type Guests } from './guests.ts';
import { createHostIrqs, type HostIrqs } from './host-irqs.ts';
import { createTaskContexts, type TaskContexts } from './task-context.ts';

/** Limits that decide when a pattern counts as a finding. Times in nanoseconds. */
export interface Thresholds {
  /** A level re-raised this soon after its resample counts as never having gone away. */
  readonly stormGap: number;
  /** So many such cycles in a row are a storm. */
  readonly stormCycles: number;
  /** A raise younger than this at the end of the capture is still open, not stuck. undefined: adapted to the latencies seen. */
  readonly grace: number | undefined;
  /** So many calls in a row that no handler claims are an interrupt nobody cares for. */
  readonly unclaimed: number;
}

/** Everything learnt so far. */
export interface Correlation {
  readonly thresholds: Thresholds;
  readonly guests: Guests;
  readonly host: HostIrqs;
  readonly tasks: TaskContexts;
  /** kvm_pi_irte_update lines that switched posting on. */
  posted: number;
  /** kvm_ioapic_delayed_eoi_inj: KVM's own storm detector. */
  delayedEoi: number;
}

/** Handles one event. */
export type EventHandler = (state: Correlation, event: TraceEvent) => void;

/** No knowledge yet. */
export function createCorrelation(thresholds: Thresholds): Correlation {
  return {
    thresholds,
    guests: createGuests(),
    host: createHostIrqs(),
    tasks: createTaskContexts(),
    posted: 0,
    delayedEoi: 0,
  };
}
