// The host's interrupt lines: actions, disable depth, interrupts as processes. Linux: kernel/irq/{chip,handle,manage,spurious}.c.

import { ENOMEM, ModelError } from '../errors.ts';
import type { Trace } from '../events/index.ts';
import type { AnyProtocol, Processes } from '../protocol/index.ts';
import { appendAction, countActions, reapAction, reapLine, threadMask, unlinkAction } from './actions.ts';
import { IRQ, IRQF, SPURIOUS, type SpuriousLimits } from './flags.ts';
import {
  disableLine,
  enterFlow,
  isDeliverable,
  isLevel,
  leaveFlow,
  shutdownLine,
  startLine,
  unmaskIfAllowed,
} from './flow.ts';
import type { HostState, IrqDesc } from './layout.ts';
import { handleIrq } from './protocols.ts';
import { joinFlags, mismatchMessage, requestError } from './request.ts';
import { noteInterrupt } from './spurious.ts';

/** Handler functions of one kind of action. */
export interface ActionKind {
  /** Name in /proc/interrupts. */
  name(owner: number): string;
  /** Primary handler: IRQ.NONE, HANDLED or WAKE_THREAD. One step: what it does under its driver's spinlock nobody sees half done. */
  handle(owner: number): number;
  /** Another process holds the spinlock that the handler takes. */
  busy?(owner: number): boolean;
  /** Thread of the handler: begins with `takeWakeup`, ends with `finishThread`, has the locals THREAD_LOCALS. */
  readonly thread?: AnyProtocol<never>;
  /** A second action joined the line, or the second but one left. */
  sharing?(owner: number, shared: boolean): void;
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
  /** free_irq. The handler is not called again; who is in it may finish: see {@link Host.isBusy}. */
  free(irq: number, kind: number, owner: number): void;
  /** disable_irq_nosync: depth + 1. */
  disable(irq: number): void;
  /** enable_irq: depth - 1; at 0 already it warns "Unbalanced enable for IRQ N". */
  enable(irq: number): void;
  /** A device drives a level line (`bit` is its place in the wired OR), or sends an edge. */
  setLevel(irq: number, bit: number, level: number): void;
  edge(irq: number): void;
  isAsserted(irq: number): boolean;
  /** True while handlers or threads of the line run (what synchronize_irq waits for). */
  isBusy(irq: number): boolean;
  /** More than one action is on the line. */
  isShared(irq: number): boolean;
  /** Number of actions, and their kinds and owners in order. */
  actions(irq: number): { readonly kind: number; readonly owner: number; readonly flags: number }[];
  /** IRQ_DISABLE_UNLAZY. */
  setUnlazy(irq: number, unlazy: boolean): void;
  /** Steps of `handle_irq`: the first action to call, 0 if there is nothing to handle; then each next one; then whether to start over. */
  enter(irq: number): number;
  isHandlerBusy(action: number): boolean;
  callHandler(action: number): number;
  leave(irq: number): boolean;
  /** Steps of a thread: the wake-up is taken; the thread is through, and whether it was woken again. */
  takeWakeup(action: number): void;
  finishThread(action: number, result: number): boolean;
}

/** What {@link createHost} needs. */
export interface HostInit {
  readonly state: HostState;
  readonly trace: Trace;
  processes(): Processes<never>;
  /** Model time, nanoseconds. */
  now(): number;
  readonly spurious?: SpuriousLimits;
  /** request_irq adds COND_ONESHOT by itself (Linux ≥ 6.10), so that a plain handler can join a ONESHOT line. */
  readonly condOneshot?: boolean;
}

/** Interrupts of a line that nobody quietens after which a straight run goes on with something else. `check` follows all of them. */
const STORM = 200_000;

/** Creates the host's lines over zeroed state. */
export function createHost(init: HostInit): Host {
  const { state, trace, now, spurious = SPURIOUS } = init;
  const kinds: (ActionKind | undefined)[] = [];
  /** Interrupts that may still follow one another in the present straight run; null outside of one. */
  let budget: number | null = null;
  const desc = (irq: number): IrqDesc => state.irqs.at(irq);
  const kindOf = (kind: number): ActionKind => {
    const known = kinds[kind];
    if (known === undefined) throw new ModelError(`no functions for action kind ${kind}`);
    return known;
  };
  const emit = (name: string, fields: Readonly<Record<string, number | string>>): void => {
    if (trace.on) trace.emit(name, fields);
  };

  /** The chip delivers, unless an interrupt of the line is under way already. */
  function dispatch(irq: number): void {
    const d = desc(irq);
    if (d.raised === 1 || !isDeliverable(d)) return;
    d.raised = 1;
    const outermost = budget === null;
    if (outermost) budget = STORM;
    try {
      init.processes().begin(handleIrq as never, { irq } as never);
    } finally {
      if (outermost) budget = null;
    }
  }

  /** Whether the line may be taken once more in this run. */
  function mayGoOn(irq: number): boolean {
    if (budget === null || --budget > 0) return true;
    emit('genirq', { text: `irq ${irq}: asserted without end, ${STORM} interrupts in a row` });
    return false;
  }

  /** __irq_wake_thread. */
  function wake(h: number): void {
    const a = state.actions.at(h);
    if (a.wake === 1) return;
    a.wake = 1;
    desc(a.irq).threads |= threadMask(a);
    if (a.running === 1) return;
    a.running = 1;
    const thread = kindOf(a.kind).thread;
    if (thread === undefined)
      throw new ModelError(`${kindOf(a.kind).name(a.owner)} wakes a thread that it does not have`);
    init.processes().spawn(thread as never, { irq: a.irq, action: h, owner: a.owner } as never);
  }

  function switchOff(irq: number, d: IrqDesc): void {
    emit('nobody_cared', { irq, text: `irq ${irq}: nobody cared (try booting with the "irqpoll" option)` });
    emit('nobody_cared', { irq, text: 'handlers:' });
    for (const { kind, owner } of host.actions(irq))
      emit('nobody_cared', {
        irq,
        text: `${kindOf(kind).thread === undefined ? '' : 'threaded '}${kindOf(kind).name(owner)}`,
      });
    emit('nobody_cared', { irq, text: `Disabling IRQ #${irq}` });
    d.spuriousDisabled = 1;
    d.depth++;
    d.chipMasked = 1;
  }

  /** Tells those that were on the line before whether they are alone. */
  function tellSharing(irq: number, shared: boolean, except: number): void {
    for (let h = desc(irq).actions; h !== 0; h = state.actions.at(h).next) {
      const { kind, owner } = state.actions.at(h);
      if (h !== except) kindOf(kind).sharing?.(owner, shared);
    }
  }

  function install(r: LineRequest, flags: number): number {
    const h = state.actions.alloc();
    if (h === 0) return -ENOMEM;
    const d = desc(r.irq);
    const a = state.actions.at(h);
    a.kind = r.kind;
    a.owner = r.owner;
    a.irq = r.irq;
    a.flags = flags;
    a.threadedOnly = r.threadedOnly === true ? 1 : 0;
    const first = d.actions === 0;
    if (first) {
      d.oneshot = flags & IRQF.ONESHOT ? 1 : 0;
      d.irqCount = d.unhandled = 0;
    }
    appendAction(state, d, h);
    if (countActions(state, d) === 2) tellSharing(r.irq, true, h);
    if (first && flags & IRQF.NO_AUTOEN) d.depth = d.chipMasked = 1;
    else if (first) startLine(d);
    else if (d.spuriousDisabled === 1) {
      d.spuriousDisabled = 0;
      if (--d.depth === 0) startLine(d);
    }
    dispatch(r.irq);
    return 0;
  }

  function refuse(r: LineRequest, flags: number, old: { flags: number; kind: number; owner: number }): void {
    const next = { flags, name: kindOf(r.kind).name(r.owner) };
    const held = { flags: old.flags, name: kindOf(old.kind).name(old.owner) };
    emit('genirq', { text: mismatchMessage(r.irq, next, held) });
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
      const hasThread = kindOf(r.kind).thread !== undefined;
      const hasHandler = r.threadedOnly !== true;
      const error = requestError({ irq: r.irq, flags: r.flags, hasHandler, hasThread, hasDevId: true }, exists);
      if (error !== 0) return error;
      const flags = init.condOneshot === true && !hasThread ? r.flags | IRQF.COND_ONESHOT : r.flags;
      const d = desc(r.irq);
      if (d.actions === 0) return install(r, flags);
      const old = state.actions.at(d.actions);
      const joined = joinFlags(old.flags, flags);
      if (joined < 0) refuse(r, flags, old);
      return joined < 0 ? joined : install(r, joined);
    },
    free(irq, kind, owner) {
      const d = desc(irq);
      if (!unlinkAction(state, d, kind, owner)) return;
      if (d.actions === 0) shutdownLine(d);
      else if (countActions(state, d) === 1) tellSharing(irq, false, 0);
    },
    disable: (irq) => disableLine(desc(irq)),
    enable(irq) {
      const d = desc(irq);
      if (d.depth === 0) return emit('genirq', { text: `Unbalanced enable for IRQ ${irq}` });
      if (d.depth > 1) d.depth--;
      else startLine(d);
      dispatch(irq);
    },
    setLevel(irq, bit, level) {
      const d = desc(irq);
      d.asserted = level ? d.asserted | (1 << bit) : d.asserted & ~(1 << bit);
      if (level) dispatch(irq);
    },
    edge(irq) {
      const d = desc(irq);
      if (d.chipMasked === 1) d.pending = 1;
      else d.latched = 1;
      dispatch(irq);
    },
    isAsserted: (irq) => desc(irq).asserted !== 0,
    isBusy(irq) {
      for (let i = state.actions.next(0); i >= 0; i = state.actions.next(i + 1))
        if (state.actions.slot(i).irq === irq && state.actions.slot(i).running === 1) return true;
      return desc(irq).inProgress === 1;
    },
    isShared: (irq) => countActions(state, desc(irq)) > 1,
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
    enter(irq) {
      const d = desc(irq);
      if (enterFlow(d)) return d.actions;
      d.raised = 0;
      return 0;
    },
    isHandlerBusy(h) {
      const { dead, kind, owner } = state.actions.at(h);
      return dead === 0 && kindOf(kind).busy?.(owner) === true;
    },
    callHandler(h) {
      const a = state.actions.at(h);
      if (a.dead === 1) return a.next;
      const kind = kindOf(a.kind);
      emit('irq_handler_entry', { irq: a.irq, name: kind.name(a.owner) });
      const r = a.threadedOnly === 1 ? IRQ.WAKE_THREAD : kind.handle(a.owner);
      emit('irq_handler_exit', { irq: a.irq, handled: r === IRQ.NONE ? 0 : 1 });
      if (r === IRQ.WAKE_THREAD) wake(h);
      desc(a.irq).result |= r;
      return a.next;
    },
    leave(irq) {
      const d = desc(irq);
      if (noteInterrupt(d, now(), spurious)) switchOff(irq, d);
      leaveFlow(d);
      reapLine(state, irq);
      if (isDeliverable(d) && mayGoOn(irq)) return true;
      d.raised = 0;
      return false;
    },
    takeWakeup(h) {
      state.actions.at(h).wake = 0;
    },
    finishThread(h, result) {
      const a = state.actions.at(h);
      const d = desc(a.irq);
      if (result === IRQ.HANDLED && spurious.window > 0) d.threadsHandled++;
      if (a.wake === 1) return true;
      d.threads &= ~threadMask(a);
      a.running = 0;
      const { irq } = a;
      if (d.oneshot === 1 && isLevel(d)) unmaskIfAllowed(d);
      reapAction(state, h);
      dispatch(irq);
      return false;
    },
  };
  return host;
}
