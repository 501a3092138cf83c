// Replaying a capture through a backend: what a recorded event looks like to a replayer, and what it reports.

/**
 * One event of a capture as a reader hands it over. The record is reused: keep copies. `name` says which of the other fields
 * are valid; fields and numbering are the tracepoint's own.
 */
export interface RecordedEvent {
  readonly line: number;
  readonly name: string;
  /** Nanoseconds since the first event of the capture. */
  readonly time: number;
  readonly pid: number;
  readonly gsi: number;
  readonly level: number;
  readonly source: number;
  readonly chip: number;
  readonly pin: number;
  readonly dst: number;
  readonly vector: number;
  readonly deliveryMode: number;
  readonly logical: number;
  readonly trigger: number;
  readonly masked: number;
  readonly coalesced: number;
  readonly redirection: number;
  readonly apicid: number;
  readonly vcpu: number;
  readonly write: number;
  readonly address: number;
  readonly size: number;
  readonly count: number;
  readonly valueLow: number;
  readonly valueHigh: number;
  readonly register: string;
  readonly soft: number;
  readonly reinjected: number;
}

/** What a first pass over the capture found, so that the replayer knows what it can expect to see. */
export interface CaptureShape {
  /** Occurrences by event name. */
  readonly counts: ReadonlyMap<string, number>;
  /** Highest vCPU (APIC) id that occurs, -1 if none. */
  readonly maxVcpu: number;
  /** Thread id → vCPU id, where the capture shows it (kvm_eoi, kvm_entry, kvm_exit). */
  readonly vcpuOfThread: ReadonlyMap<number, number>;
  /** IOAPIC pins that show one and the same vector at least three times: nobody reprograms them during the capture. */
  readonly steadyPins: ReadonlySet<number>;
  /** vCPU ids that several threads claim: more than one VM is in the capture. */
  readonly contested: readonly number[];
}

/** The first places where model and kernel disagree; both sides printed as the kernel prints events. */
export interface ReplayDifference {
  readonly line: number;
  /** What the capture shows, null if the model did something that the capture does not show. */
  readonly kernel: string | null;
  /** What the model did, null if it did nothing. */
  readonly model: string | null;
  /** The input both were given: its line and text. */
  readonly cause: string;
}

/** Outcome of a replay. */
export interface ReplayReport {
  /** Recorded events that were fed in as inputs, by name. */
  readonly inputs: Readonly<Record<string, number>>;
  /** Recorded events that were compared with the model's, by name. */
  readonly compared: Readonly<Record<string, number>>;
  /** State that no event of the capture sets and that was taken over from the first event showing it: sentences. */
  readonly learned: readonly string[];
  /** Events that cannot be judged, with the reason and how often. */
  readonly notJudged: readonly { readonly reason: string; readonly count: number }[];
  readonly differences: readonly ReplayDifference[];
  /** Total number of differences; `differences` keeps the first few. */
  readonly differenceCount: number;
}

/** A backend's replayer: feed every event in order, then end. */
export interface CaptureReplayer {
  event(event: RecordedEvent): void;
  end(): ReplayReport;
}
