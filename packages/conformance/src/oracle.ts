// An oracle: an implementation that can be driven with the words of `virq exec` and answers with what it did.

import { VirqError } from '@virq/irq-core/errors';
import type { Json } from '@virq/irq-core/machine';

/** One operation as it is recorded: its name, its arguments, perhaps a note. */
export type Op = { readonly op: string } & Readonly<Record<string, Json>>;

/** What an operation gave: as the ioctl returned, what it read back, and the state that is observed. */
export interface OracleResult {
  readonly ret: number | null;
  readonly errno: string | null;
  readonly out?: Readonly<Record<string, Json>>;
  readonly state: Readonly<Record<string, Json>>;
}

/** Who answered, for the head of a recording. */
export interface Provenance {
  /** `kvm`, `qemu` or `model`. */
  readonly implementation: string;
  /** Release of the kernel or of QEMU. */
  readonly version: string;
  /** What else decides the results: the vendor module, the machine type. */
  readonly details: Readonly<Record<string, string>>;
}

/** A running machine of an oracle. Operations are applied in order. */
export interface Instance {
  /** The first operation (`vm` or `start`) makes the machine; another one makes a new machine in place of the old. */
  apply(op: Op): OracleResult | Promise<OracleResult>;
  /** Waits for what goes on in the background and looks at the state again. */
  settle(): OracleResult['state'] | Promise<OracleResult['state']>;
  stop(): void | Promise<void>;
}

/** An implementation to compare with. */
export interface Oracle {
  readonly name: string;
  /** Null when it can be used here, else the reason and what to install. */
  available(): Promise<Unavailable | null>;
  provenance(): Promise<Provenance>;
  /** Operations it can carry out. */
  readonly operations: ReadonlySet<string>;
  start(): Instance | Promise<Instance>;
}

/** Why an oracle cannot be used here, and what would change that. */
export interface Unavailable {
  readonly reason: string;
  readonly remedy: string;
}

/** The oracle failed: it died, or a call that must work did not. */
export class OracleError extends VirqError {
  constructor(message: string) {
    super('VIRQ-O003', message);
    this.name = 'OracleError';
  }
}

/** An operation that the oracle does not have. */
export const cannot = (oracle: string, op: string): VirqError =>
  new VirqError('VIRQ-O004', `the ${oracle} oracle cannot carry out '${op}'`);
