// What the operations work on: the machine, its eventfds, and which of them inject from a work item.

import type { Json } from '@virq/irq-core/machine';
import type { Op } from '../oracle.ts';
import type { Eventfds } from './eventfds.ts';
import type { Vm } from './vm.ts';

/** A session of the KVM oracle. */
export interface Session {
  vm: Vm;
  readonly eventfds: Eventfds;
  /** Names of eventfds that were ever bound by KVM_IRQFD. */
  readonly bound: Set<string>;
  /** Names of resamplefds: one that is bound as well injects when an interrupt is ended. */
  readonly resamplers: Set<string>;
  /** Keys that are observed. */
  observed: readonly string[];
}

/** Result of an operation: return value or negative errno, and what was read back. */
export interface Answer {
  readonly ret: number;
  readonly out?: Readonly<Record<string, Json>>;
}

/** One operation. */
export type Run = (s: Session, op: Op) => Answer;
