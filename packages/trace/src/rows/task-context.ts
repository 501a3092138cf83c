// What one task is in the middle of. The lines of one kvm_set_irq, or of one EOI, follow each other in their task even when
// other tasks' lines stand between them.
import type { TraceEvent } from '../events/trace-event.ts';
import type { InterruptRow } from './interrupt-row.ts';

/** Accepts that wait for the chip line that explains them (it is printed after them). */
export interface WaitingAccept {
  apicid: number;
  vector: number;
  trigger: number;
  time: number;
}

/** Context of a task, or of hard interrupt context on a CPU. */
export interface TaskContext {
  readonly key: number;
  /** APIC id of the vCPU this task runs, -1 unknown. */
  apicid: number;
  /** Row of the kvm_set_irq whose chip lines are being printed. */
  row: InterruptRow | undefined;
  level: number;
  /** That raise found its source's level at 1 already. */
  repeated: boolean;
  chipSeen: boolean;
  /** Row and vector of the MSI whose accept lines are being printed. */
  msiRow: InterruptRow | undefined;
  msiVector: number;
  /** Row of the EOI that was just seen. */
  eoiRow: InterruptRow | undefined;
  /** That EOI was level-triggered and its kvm_ack_irq has not come yet. */
  ackExpected: boolean;
  /** Row of the last kvm_ack_irq: a level 0 of source 1 that follows is its resample. */
  ackedRow: InterruptRow | undefined;
  readonly accepts: WaitingAccept[];
  acceptCount: number;
  /** arm64: the INTID and level just announced by kvm_irq_line, kvm_set_irq or kvm_timer_update_irq. */
  announcedIrq: number;
  announcedLevel: number;
}

const MAX_TASKS = 65536;
const MAX_ACCEPTS = 64;

/** All task contexts of a capture, bounded. */
export interface TaskContexts {
  /** Context the event runs in: its thread; the CPU for the idle tasks, which share pid 0, and for hard interrupts. */
  of(event: TraceEvent): TaskContext;
}

/** Creates an empty set of contexts. */
export function createTaskContexts(): TaskContexts {
  const contexts = new Map<number, TaskContext>();
  function of(event: TraceEvent): TaskContext {
    const key = event.hardirq ? -2 * (event.cpu + 2) : event.pid === 0 ? -2 * (event.cpu + 2) - 1 : event.pid;
    const known = contexts.get(key);
    if (known) return known;
    if (contexts.size >= MAX_TASKS) contexts.clear();
    const created = createTaskContext(key);
    contexts.set(key, created);
    return created;
  }
  return { of };
}

function createTaskContext(key: number): TaskContext {
  return {
    key,
    apicid: -1,
    row: undefined,
    level: 0,
    repeated: false,
    ackExpected: false,
    chipSeen: false,
    msiRow: undefined,
    msiVector: -1,
    eoiRow: undefined,
    ackedRow: undefined,
    accepts: [],
    acceptCount: 0,
    announcedIrq: -1,
    announcedLevel: -1,
  };
}

/** Keeps an accept line until its chip line arrives. */
export function waitAccept(task: TaskContext, event: TraceEvent): void {
  if (task.acceptCount >= MAX_ACCEPTS) return;
  if (task.acceptCount === task.accepts.length) task.accepts.push({ apicid: 0, vector: 0, trigger: 0, time: 0 });
  const slot = task.accepts[task.acceptCount] as WaitingAccept;
  slot.apicid = event.apicid;
  slot.vector = event.vector;
  slot.trigger = event.trigger;
  slot.time = event.time;
  task.acceptCount++;
}
