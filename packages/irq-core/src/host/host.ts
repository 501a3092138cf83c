// The host's interrupt lines: flows, disable depth, shared actions, oneshot threads, the spurious detector. Linux: kernel/irq/{chip,handle,manage,spurious}.c.

import { ENOMEM, ModelError } from '../errors.ts';
import type { Trace } from '../events/index.ts';
import { FLOW, IRQ, IRQF, SPURIOUS, type SpuriousLimits } from './flags.ts';
import type { HostState, IrqDesc } from './layout.ts';
import { joinFlags, mismatchMessage, requestError } from './request.ts';

/** Handler functions of one kind of action. */
export interface ActionKind {
  /** Name in /proc/interrupts. */
  name(owner: number): string;
  /** Primary handler: IRQ.NONE, HANDLED or WAKE_THREAD. */
  handle(owner: number): number;
  /** Threaded part, run when the handler returned WAKE_THREAD. */
  thread?(owner: number): number;
}

/** request_irq as a driver calls it. */
export interface LineRequest {
  readonly irq: number;
  readonly flags: number;
  /** Kind of action, registered with {@link Host.onAction}. */
  readonly kind: number;
  readonly owner: number;
  /** No primary handler: the thread does it all. */
  readonly threadedOnly?: boolean;
}

/** The host's interrupt lines. Errors are negative errno. */
export interface Host {
  readonly state: HostState;
  /** Declares a line with its flow. */
  addLine(irq: number, flow: number): void;
  /** Installs the functions of a kind of action. Bound once. */
  onAction(kind: number, functions: ActionKind): void;
  /** request_threaded_irq: 0 or negative errno; a mismatch emits `genirq` with the kernel's message. */
  request(r: LineRequest): number;
  /** free_irq. */
  free(irq: number, kind: number, owner: number): void;
  /** disable_irq_nosync: depth + 1. */
  disable(irq: number): void;
  /** enable_irq: depth - 1; at 0 already it warns "Unbalanced enable for IRQ N". */
  enable(irq: number): void;
  /** A device drives a level line (`bit` is its place in the wired OR), or sends an edge. */
  setLevel(irq: number, bit: number, level: number): void;
  edge(irq: number): void;
  isAsserted(irq: number): boolean;
  /** True while handlers of the line run (what synchronize_irq waits for). */
  isBusy(irq: number): boolean;
  /** Number of actions, and their kinds and owners in order. */
  actions(irq: number): { readonly kind: number; readonly owner: number; readonly flags: number }[];
  /** IRQ_DISABLE_UNLAZY. */
  setUnlazy(irq: number, unlazy: boolean): void;
}

/** What {@link createHost} needs. */
export interface HostInit {
  readonly state: HostState;
  readonly trace: Trace;
  /** Model time, nanoseconds. */
  now(): number;
  readonly spurious?: SpuriousLimits;
}

/** Most times one call services a line that stays asserted: a guard against handlers that never quiet their device. */
const STORM = 200_000;

/** Creates the host's lines over zeroed state. */
export function createHost({ state, trace, now, spurious = SPURIOUS }: HostInit): Host {
  const kinds: (ActionKind | undefined)[] = [];
  const desc = (irq: number): IrqDesc => state.irqs.at(irq);
  const kindOf = (kind: number): ActionKind => {
    const known = kinds[kind];
    if (known === undefined) throw new ModelError(`no functions for action kind ${kind}`);
    return known;
  };
  const emit = (name: string, fields: Readonly<Record<string, number | string>>): void => {
    if (trace.on) trace.emit(name, fields);
  };

  /** handle_irq_event: every action of the line, results ORed. */
  function runActions(irq: number, d: IrqDesc): number {
    let result = 0;
    d.inProgress = 1;
    for (let h = d.actions; h !== 0; h = state.actions.at(h).next) {
      const a = state.actions.at(h);
      const kind = kindOf(a.kind);
      emit('irq_handler_entry', { irq, name: kind.name(a.owner) });
      const r = kind.handle(a.owner);
      emit('irq_handler_exit', { irq, handled: r === IRQ.NONE ? 0 : 1 });
      if (r === IRQ.WAKE_THREAD) wakeThread(irq, d, h);
      result |= r;
    }
    d.inProgress = 0;
    return result;
  }

  /** Abstraction: the irq thread runs before the line is serviced again; its window is the protocol of the driver that needs it. */
  function wakeThread(irq: number, d: IrqDesc, action: number): void {
    const a = state.actions.at(action);
    a.running = 1;
    if (d.oneshot === 1) d.threadsActive++;
    kindOf(a.kind).thread?.(a.owner);
    a.running = 0;
    if (d.oneshot === 1) d.threadsActive--;
    void irq;
  }

  /** note_interrupt: counts unhandled interrupts and kills a line that has almost only those. */
  function noteInterrupt(irq: number, d: IrqDesc, result: number): void {
    if (result === IRQ.NONE) {
      const time = BigInt(Math.trunc(now()));
      d.unhandled = d.unhandled === 0 || time - d.lastUnhandled > spurious.gap ? 1 : d.unhandled + 1;
      d.lastUnhandled = time;
    }
    if (d.unhandled === 0 || ++d.irqCount < spurious.window) return;
    const kill = d.unhandled > spurious.unhandled;
    d.irqCount = d.unhandled = 0;
    if (!kill) return;
    emit('nobody_cared', { irq, text: `irq ${irq}: nobody cared (try booting with the "irqpoll" option)` });
    d.spuriousDisabled = 1;
    d.depth++;
    d.chipMasked = 1;
  }

  const isOff = (d: IrqDesc): boolean => d.depth > 0 || d.actions === 0;

  function serviceLevel(irq: number, d: IrqDesc): void {
    for (let n = 0; n < STORM && d.asserted !== 0 && d.chipMasked === 0; n++) {
      d.chipMasked = 1;
      if (isOff(d)) {
        d.pending = 1;
        return;
      }
      d.count++;
      noteInterrupt(irq, d, runActions(irq, d));
      if (d.depth === 0 && d.threadsActive === 0) d.chipMasked = 0;
    }
  }

  function serviceEdge(irq: number, d: IrqDesc): void {
    if (d.chipMasked === 1) {
      d.pending = 1;
      return;
    }
    if (isOff(d) || d.inProgress === 1) {
      d.pending = 1;
      d.chipMasked = 1;
      return;
    }
    do {
      d.pending = 0;
      d.chipMasked = 0;
      d.count++;
      noteInterrupt(irq, d, runActions(irq, d));
    } while (d.pending === 1 && !isOff(d));
  }

  function service(irq: number): void {
    const d = desc(irq);
    if (d.flow !== FLOW.EDGE && d.inProgress === 0) serviceLevel(irq, d);
  }

  function enableLine(irq: number, d: IrqDesc): void {
    d.chipMasked = 0;
    if (d.flow === FLOW.EDGE && d.pending === 1) serviceEdge(irq, d);
    else {
      d.pending = 0;
      service(irq);
    }
  }

  function append(d: IrqDesc, h: number): void {
    if (d.actions === 0) {
      d.actions = h;
      return;
    }
    let last = d.actions;
    while (state.actions.at(last).next !== 0) last = state.actions.at(last).next;
    state.actions.at(last).next = h;
  }

  function refuse(r: LineRequest, old: { flags: number; kind: number; owner: number }): void {
    const next = { flags: r.flags, name: kindOf(r.kind).name(r.owner) };
    emit('genirq', {
      text: mismatchMessage(r.irq, next, { flags: old.flags, name: kindOf(old.kind).name(old.owner) }),
    });
  }

  function install(r: LineRequest, flags: number): number {
    const h = state.actions.alloc();
    if (h === 0) return -ENOMEM;
    const d = desc(r.irq);
    const a = state.actions.at(h);
    a.kind = r.kind;
    a.owner = r.owner;
    a.flags = flags;
    const first = d.actions === 0;
    append(d, h);
    if (first) {
      d.oneshot = flags & IRQF.ONESHOT ? 1 : 0;
      d.irqCount = d.unhandled = 0;
      d.depth = flags & IRQF.NO_AUTOEN ? 1 : 0;
      d.chipMasked = d.depth;
      if (d.depth === 0) enableLine(r.irq, d);
    } else if (d.spuriousDisabled === 1) {
      d.spuriousDisabled = 0;
      host.enable(r.irq);
    }
    return 0;
  }

  const host: Host = {
    state,
    addLine(irq, flow) {
      const d = desc(irq);
      d.present = 1;
      d.flow = flow;
      d.depth = 1;
      d.chipMasked = 1;
    },
    onAction(kind, functions) {
      kinds[kind] = functions;
    },
    request(r) {
      const exists = r.irq < state.irqs.length && desc(r.irq).present === 1;
      const hasHandler = r.threadedOnly !== true;
      const error = requestError(
        { irq: r.irq, flags: r.flags, hasHandler, hasThread: !hasHandler, hasDevId: true },
        exists,
      );
      if (error !== 0) return error;
      const d = desc(r.irq);
      if (d.actions === 0) return install(r, r.flags);
      const old = state.actions.at(d.actions);
      const flags = joinFlags(old.flags, r.flags);
      if (flags < 0) {
        refuse(r, old);
        return flags;
      }
      return install(r, flags);
    },
    free(irq, kind, owner) {
      const d = desc(irq);
      let before = 0;
      for (let h = d.actions; h !== 0; before = h, h = state.actions.at(h).next) {
        const a = state.actions.at(h);
        if (a.kind !== kind || a.owner !== owner) continue;
        if (before === 0) d.actions = a.next;
        else state.actions.at(before).next = a.next;
        state.actions.free(h);
        break;
      }
      if (d.actions !== 0) return;
      d.depth = 1;
      d.chipMasked = 1;
    },
    disable(irq) {
      const d = desc(irq);
      if (d.depth++ === 0 && (d.unlazy === 1 || d.inProgress === 1)) d.chipMasked = 1;
    },
    enable(irq) {
      const d = desc(irq);
      if (d.depth === 0) return emit('genirq', { text: `Unbalanced enable for IRQ ${irq}` });
      if (--d.depth === 0) enableLine(irq, d);
    },
    setLevel(irq, bit, level) {
      const d = desc(irq);
      d.asserted = level ? d.asserted | (1 << bit) : d.asserted & ~(1 << bit);
      if (level) service(irq);
    },
    edge(irq) {
      const d = desc(irq);
      d.edges++;
      serviceEdge(irq, d);
    },
    isAsserted: (irq) => desc(irq).asserted !== 0,
    isBusy: (irq) => desc(irq).inProgress === 1 || desc(irq).threadsActive > 0,
    actions(irq) {
      const list: { kind: number; owner: number; flags: number }[] = [];
      for (let h = desc(irq).actions; h !== 0; h = state.actions.at(h).next) {
        const { kind, owner, flags } = state.actions.at(h);
        list.push({ kind, owner, flags });
      }
      return list;
    },
    setUnlazy(irq, unlazy) {
      desc(irq).unlazy = unlazy ? 1 : 0;
    },
  };
  return host;
}
