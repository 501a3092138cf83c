// Effects follow their cause in the same thread: per thread, what the model did and the capture has yet to show.

import type { RecordedEvent } from '@virq/irq-core/machine';
import type { ReplayRecord } from './record.ts';
import { recordedText } from './recorded-text.ts';
import type { Emitted } from './target.ts';

/** A kvm_set_irq whose chips have not all reported yet. */
export interface OpenSetIrq {
  readonly line: number;
  readonly text: string;
  readonly gsi: number;
  readonly level: number;
  readonly source: number;
}

/** An accept whose cause the next event of the thread tells. */
export interface Accept {
  readonly text: string;
  readonly apicid: number;
  readonly vector: number;
  readonly deliveryMode: number;
  readonly trigger: number;
}

/** One thread of the capture. */
export interface Thread {
  /** What the model did on the last input of this thread and the capture must show next. */
  expected: Emitted[];
  /** The input that caused them. */
  cause: string;
  causeLine: number;
  open: OpenSetIrq | null;
  /** A logical message whose receivers only the capture knows: the accepts that follow are taken as they are. */
  adopting: boolean;
  /** The EOI in progress. */
  eoi: { readonly vcpu: number; readonly vector: number } | null;
  /** kvm_apic_accept_irq lines since `open` or its last chip: they precede their chip's line, or stand for themselves. */
  accepts: Accept[];
}

/** Threads of a capture, made on first sight. */
export function createThreads(): (pid: number) => Thread {
  const threads = new Map<number, Thread>();
  return (pid) => {
    const known = threads.get(pid);
    if (known !== undefined) return known;
    const thread: Thread = {
      expected: [],
      cause: '',
      causeLine: 0,
      open: null,
      adopting: false,
      eoi: null,
      accepts: [],
    };
    threads.set(pid, thread);
    return thread;
  };
}

/** Compares an event with what the thread owes. True if it was owed (then it is no input). */
export function settle(thread: Thread, e: RecordedEvent, record: ReplayRecord): boolean {
  if (thread.expected.length === 0) return false;
  const text = recordedText(e);
  const at = thread.expected.findIndex((x) => x.text === text);
  if (at < 0) return false;
  for (const skipped of thread.expected.splice(0, at + 1).slice(0, at)) missing(thread, skipped, e.line, record);
  record.agreed(e.name);
  return true;
}

/** The thread went on to something else: whatever it still owes is a difference. */
export function giveUp(thread: Thread, line: number, record: ReplayRecord, isSteady: (pin: number) => boolean): void {
  for (const owed of thread.expected) {
    const pin = pinOf(owed);
    if (pin >= 0 && !isSteady(pin)) {
      record.learned(`IOAPIC pin ${pin} was reprogrammed outside the capture`);
      break;
    }
    missing(thread, owed, line, record);
  }
  thread.expected = [];
}

const pinOf = (x: Emitted): number => Number(/^kvm_ack_irq: irqchip IOAPIC pin (\d+)$/.exec(x.text)?.[1] ?? -1);

function missing(thread: Thread, owed: Emitted, line: number, record: ReplayRecord): void {
  record.differs({ line, kernel: null, model: owed.text, cause: `line ${thread.causeLine}: ${thread.cause}` });
}

/** Records that one input made the model do `emitted`; `seen` says which tracepoints the capture records at all. */
export function owe(
  thread: Thread,
  cause: RecordedEvent,
  emitted: readonly Emitted[],
  seen: (name: string) => boolean,
): void {
  thread.cause = recordedText(cause);
  thread.causeLine = cause.line;
  thread.expected = emitted.filter((x) => seen(x.name));
}
