// The process table: which protocols are in flight, at which label, with which locals. All of it in the arena.

import type { View } from '../arena/index.ts';
import {
  type AnyArena,
  array,
  type CompositeArray,
  type Fields,
  place,
  type StructKind,
  type StructView,
  struct,
  u8,
  u32,
} from '../arena/index.ts';
import { ModelError } from '../errors.ts';
import { BLOCKED, DONE, type Outcome, type Protocol, type Step } from './protocol.ts';

/** What one step did. */
export type StepResult = 'moved' | 'blocked' | 'done';

/** Any protocol of a machine, whatever its locals. */
export type AnyProtocol<M> = Omit<Protocol<M, Fields>, 'locals' | 'steps'> & {
  readonly locals: StructKind;
  readonly steps: readonly Step<M, never>[];
};

const slotKind = (words: number) => struct('process', { protocol: u8, pc: u8, locals: array(u32, words) });
type Slot = View<ReturnType<typeof slotKind>>;

/** Arena layout of a table of `slots` processes, each with room for the largest frame among `protocols`. */
export function processTable<M>(slots: number, protocols: readonly AnyProtocol<M>[]) {
  const bytes = Math.max(4, ...protocols.map((p) => place(p.locals).size));
  return array(slotKind(Math.ceil(bytes / 4)), slots);
}
export type ProcessTableView = CompositeArray<Slot>;

/** Processes of one machine. A pid is the index of its slot and stays the same while it lives. */
export interface Processes<M> {
  readonly capacity: number;
  /** Protocols that can run here; slot field `protocol` is the index + 1. */
  readonly protocols: readonly Protocol<M, Fields>[];
  /** Where a process keeps its protocol, program counter and locals: byte offsets in the arena. */
  placeOf(pid: number): SlotPlace;
  /** Starts a protocol; missing arguments are zero. Throws ModelError when the table is full. Returns the pid. */
  spawn<A extends Fields>(protocol: Protocol<M, A>, args?: Partial<Locals<A>>): number;
  /** Runs the step at the process's label, taking alternative `choice` (default 0). `done` frees the slot. */
  step(pid: number, choice?: number): StepResult;
  /** How many alternatives the step at the process's label has. */
  choicesOf(pid: number): number;
  /**
   * Runs a new process until it is done and returns what `read` takes from its frame. While it is blocked the others run
   * (a flush waits for its work items). Throws ModelError if nobody can go on.
   */
  call<A extends Fields, T = void>(
    protocol: Protocol<M, A>,
    args: Partial<Locals<A>>,
    read?: (f: StructView<A>) => T,
  ): T;
  /**
   * What an interrupt or an ioctl does: alone, it runs to its end at once; out of a step of another process it becomes a process of its
   * own, and the others interleave with it.
   */
  begin<A extends Fields>(protocol: Protocol<M, A>, args: Partial<Locals<A>>): void;
  isAlive(pid: number): boolean;
  /** Lowest live pid ≥ from, -1 if none. */
  next(from: number): number;
  protocolOf(pid: number): Protocol<M, Fields>;
  labelOf(pid: number): string;
  frameOf(pid: number): StructView<Fields>;
}

/** The scalar locals of a frame, for spawn arguments. */
export type Locals<A extends Fields> = {
  [K in keyof StructView<A> as StructView<A>[K] extends number ? K : never]: number;
};

/** Byte offsets of one slot of the process table. */
export interface SlotPlace {
  readonly protocol: number;
  readonly pc: number;
  readonly locals: number;
}

interface Bound<M> {
  readonly table: ProcessTableView;
  readonly protocols: readonly Protocol<M, Fields>[];
  readonly machine: M;
  readonly frame: (pid: number, protocolId: number) => StructView<Fields>;
  /** Steps that are being made right now, one inside the other. */
  readonly now: { steps: number };
}

/** Moves the pc after a step and says what happened; `undefined` from a step means the next label. */
function advance<M>(b: Bound<M>, pid: number, keep: boolean, choice = 0): StepResult {
  const slot = b.table.at(pid);
  const id = slot.protocol - 1;
  const protocol = b.protocols[id];
  if (protocol === undefined) throw new ModelError(`pid ${pid} is not running`);
  const pc = slot.pc;
  const step = protocol.steps[pc];
  if (step === undefined) throw new ModelError(`${protocol.name}: no step at pc ${pc}`);
  let out: Outcome;
  b.now.steps++;
  try {
    out = step(b.machine, b.frame(pid, id), pid, choice);
  } finally {
    b.now.steps--;
  }
  if (out === BLOCKED) return 'blocked';
  const next = out === undefined ? pc + 1 : out === DONE ? protocol.steps.length : protocol.targets.get(out as string);
  if (next === undefined)
    throw new ModelError(`${protocol.name}: ${protocol.labels[pc]} jumped to '${String(out)}', no such label`);
  if (next < protocol.steps.length) {
    slot.pc = next;
    return 'moved';
  }
  if (!keep) release(slot);
  return 'done';
}

function release(slot: Slot): void {
  slot.protocol = 0;
  slot.pc = 0;
  slot.locals.fill(0);
}

function freeSlot(table: ProcessTableView): number {
  for (let pid = 0; pid < table.length; pid++) if (table.at(pid).protocol === 0) return pid;
  throw new ModelError(`the process table is full (${table.length} slots)`, {
    hint: 'raise the machine limit `processes`',
  });
}

function frames<M>(
  arena: AnyArena,
  table: ProcessTableView,
  protocols: readonly Protocol<M, Fields>[],
): Bound<M>['frame'] {
  const bound: (StructView<Fields> | undefined)[] = new Array(table.length * protocols.length).fill(undefined);
  return (pid, id) => {
    const key = pid * protocols.length + id;
    const known = bound[key];
    if (known !== undefined) return known;
    const at = arena.offsetOf(table.at(pid)) + LOCALS_OFFSET;
    const view = arena.bindAt((protocols[id] as Protocol<M, Fields>).locals, at);
    bound[key] = view;
    return view;
  };
}

const offsetOf = (name: string): number => place(slotKind(1)).fields.find((f) => f.name === name)?.offset as number;
const LOCALS_OFFSET = offsetOf('locals');

/** Protocols that stand in for others: each pair is [the correct one, the edited one]. Spawning the first starts the second. */
export type Edits = readonly (readonly [correct: AnyProtocol<never>, edited: AnyProtocol<never>])[];

/** What runs in a process table. */
export interface Programs<M> {
  readonly protocols: readonly AnyProtocol<M>[];
  /** What their steps work on. */
  readonly machine: M;
  readonly edits?: Edits;
}

/** Binds the process table of an arena to the protocols and the machine its steps run on. */
export function createProcesses<M>(arena: AnyArena, table: ProcessTableView, programs: Programs<M>): Processes<M> {
  const { protocols: list, machine, edits = [] } = programs;
  const editOf = new Map<unknown, unknown>(edits);
  for (const [correct] of edits)
    if (!list.includes(correct as never))
      throw new ModelError(`an edit replaces ${correct.name}, which is not registered with this machine`);
  const protocols = list.map((p) => editOf.get(p) ?? p) as unknown as readonly Protocol<M, Fields>[];
  const ids = new Map<unknown, number>([...list.entries(), ...protocols.entries()].map(([i, p]) => [p, i]));
  const b: Bound<M> = { table, protocols, machine, frame: frames(arena, table, protocols), now: { steps: 0 } };

  function spawn<A extends Fields>(protocol: Protocol<M, A>, args: Partial<Locals<A>> = {}): number {
    const id = ids.get(protocol);
    if (id === undefined) throw new ModelError(`protocol ${protocol.name} is not registered with this machine`);
    const pid = freeSlot(table);
    const slot = table.at(pid);
    slot.protocol = id + 1;
    slot.pc = 0;
    slot.locals.fill(0);
    Object.assign(b.frame(pid, id), args);
    return pid;
  }

  function othersMove(self: number): boolean {
    let moved = false;
    for (let pid = 0; pid < table.length; pid++) {
      if (pid === self || table.at(pid).protocol === 0) continue;
      while (advance(b, pid, false) === 'moved') moved = true;
      moved ||= table.at(pid).protocol === 0;
    }
    return moved;
  }

  return {
    capacity: table.length,
    protocols,
    placeOf(pid) {
      const at = arena.offsetOf(table.at(pid));
      return { protocol: at + offsetOf('protocol'), pc: at + offsetOf('pc'), locals: at + LOCALS_OFFSET };
    },
    spawn,
    step: (pid, choice) => advance(b, pid, false, choice),
    choicesOf(pid) {
      const slot = table.at(pid);
      return protocols[slot.protocol - 1]?.choices[slot.pc] ?? 1;
    },
    call(protocol, args, read) {
      const pid = spawn(protocol, args);
      for (;;) {
        const result = advance(b, pid, true);
        if (result === 'blocked' && !othersMove(pid))
          throw new ModelError(`${protocol.name} blocks at '${this.labelOf(pid)}' and nobody else can go on`);
        if (result !== 'done') continue;
        const value = read?.(b.frame(pid, ids.get(protocol) as number) as never);
        release(table.at(pid));
        return value as never;
      }
    },
    begin(protocol, args) {
      if (b.now.steps > 0) spawn(protocol, args);
      else this.call(protocol, args);
    },
    isAlive: (pid) => table.at(pid).protocol !== 0,
    next(from) {
      for (let pid = from; pid < table.length; pid++) if (table.at(pid).protocol !== 0) return pid;
      return -1;
    },
    protocolOf: (pid) => protocols[table.at(pid).protocol - 1] as Protocol<M, Fields>,
    labelOf(pid) {
      const slot = table.at(pid);
      return protocols[slot.protocol - 1]?.labels[slot.pc] ?? 'end';
    },
    frameOf: (pid) => b.frame(pid, table.at(pid).protocol - 1),
  };
}
