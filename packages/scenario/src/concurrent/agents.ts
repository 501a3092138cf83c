// Processes of a scenario as protocols: each turn is one operation of the vocabulary, or a kernel path step by step.

import { type Fields, type Kind, u8 } from '@virq/irq-core/arena';
import { type Args, findOperation, type KernelPath, type Machine, type Session } from '@virq/irq-core/machine';
import { type AnyProtocol, BLOCKED, DONE, type Edits, type Outcome, protocolsOn } from '@virq/irq-core/protocol';

/** One turn, bound: an operation with checked arguments, or a path through a protocol. */
export interface Turn {
  /** Operation or protocol. */
  readonly name: string;
  readonly vm: number;
  readonly args: Args;
  readonly path: KernelPath | null;
  readonly when: string | null;
}

/** One process, bound. */
export interface Agent {
  readonly name: string;
  readonly kind: 'may' | 'does';
  readonly turns: readonly Turn[];
  readonly times: number;
}

/** What agents work with; there once the machine is. */
export interface AgentContext {
  session: Session | null;
  /** Conditions of `when`, bound to the machine. */
  readonly conditions: Map<string, () => boolean>;
}

type Frame = Record<string, number>;
type AgentStep = (m: Machine, f: Frame, self: number, choice: number) => Outcome;

/** The combinators for frames whose fields are known only at run time. */
interface AgentCombinators {
  include(prefix: string, inner: never): Record<string, AgentStep>;
  choose(choices: number, step: AgentStep): AgentStep;
  idle(step: AgentStep): AgentStep;
}

/** Local of every agent: turns or rounds that are left. */
const LEFT = 'turnsLeft';
/** Separates the alternatives in the label of a step that can go several ways; the last is `stop`. */
export const ALTERNATIVE = ' | ';

const bitsOf = (kind: Kind): number => (kind.tag === 'int' ? kind.bytes * 8 : kind.tag === 'bits' ? kind.bits : 64);

/** Locals of all paths together; of two with one name the wider kind. */
function localsOf(paths: readonly KernelPath[]): Fields {
  const fields: Record<string, Kind> = { [LEFT]: u8 };
  for (const { protocol } of paths)
    for (const [name, kind] of Object.entries(protocol.locals.fields)) {
      const known = fields[name];
      if (known === undefined || bitsOf(known) < bitsOf(kind)) fields[name] = kind;
    }
  return fields;
}

const isScalar = (kind: Kind): boolean => kind.tag === 'int' || kind.tag === 'bits';

/** Names of turns, numbered where one occurs twice. */
function labelsOf(turns: readonly Turn[]): string[] {
  const names = turns.map((t) => t.name);
  return names.map((name, i) =>
    names.indexOf(name) === i ? name : `${name} ${names.slice(0, i + 1).filter((n) => n === name).length}`,
  );
}

/** Builds the protocol of one agent. */
class Builder {
  private readonly agent: Agent;
  private readonly context: AgentContext;
  private readonly labels: readonly string[];
  private readonly scalars: readonly string[];

  constructor(agent: Agent, context: AgentContext, locals: Fields) {
    this.agent = agent;
    this.context = context;
    this.labels = labelsOf(agent.turns);
    this.scalars = Object.keys(locals).filter((name) => name !== LEFT && isScalar(locals[name] as Kind));
  }

  /** Label at which a round begins. */
  get first(): string {
    const { labels } = this;
    return this.agent.kind === 'may' ? [...labels, 'stop'].join(ALTERNATIVE) : (labels[0] as string);
  }

  /** After a turn: the next one, another round, or the end. */
  private after(f: Frame, i: number): Outcome {
    const inOrder = this.agent.kind === 'does';
    if (inOrder && i + 1 < this.labels.length) return this.labels[i + 1] as string;
    f[LEFT] = (f[LEFT] as number) - 1;
    return f[LEFT] === 0 ? DONE : this.first;
  }

  private clear(f: Frame): void {
    for (const name of this.scalars) f[name] = 0;
  }

  /** Makes the turn, or begins it; a path goes on at its first label. */
  turn(f: Frame, i: number): Outcome {
    const turn = this.agent.turns[i] as Turn;
    const session = this.context.session as Session;
    if (turn.when !== null && this.context.conditions.get(turn.when)?.() !== true) return BLOCKED;
    session.vm = session.machine.vms[turn.vm] as Session['vm'];
    const operation = findOperation(session, turn.name);
    if (operation?.isBusy(turn.args) === true) return BLOCKED;
    if (turn.path === null) {
      operation?.run(turn.args);
      return this.after(f, i);
    }
    const begun = turn.path.begin(session);
    if (typeof begun === 'number') return this.after(f, i);
    Object.assign(f, begun);
    return `${this.labels[i]}.${turn.path.protocol.labels[0]}`;
  }

  /** The end of a path: its locals are forgotten. */
  returned(f: Frame, i: number): Outcome {
    this.clear(f);
    return this.after(f, i);
  }

  /** Labels and steps of the path of a turn. */
  pathOf(i: number, include: AgentCombinators['include'], edits: Edits) {
    const turn = this.agent.turns[i] as Turn;
    if (turn.path === null) return {};
    const correct: unknown = turn.path.protocol;
    const protocol = edits.find(([c]) => c === correct)?.[1] ?? correct;
    const label = this.labels[i] as string;
    const end: Record<string, AgentStep> = { [`return ${label}`]: (_m, f) => this.returned(f, i) };
    return { ...include(label, protocol as never), ...end };
  }

  label(i: number): string {
    return this.labels[i] as string;
  }
}

/** The protocol of an agent. Edited kernel paths take the place of the correct ones inside it too. */
export function agentProtocol(agent: Agent, context: AgentContext, edits: Edits): AnyProtocol<Machine> {
  const paths = agent.turns.flatMap((t) => (t.path === null ? [] : [t.path]));
  const locals = localsOf(paths);
  const b = new Builder(agent, context, locals);
  const { protocol } = protocolsOn<Machine>();
  const made = protocol(agent.name, locals, (p) => {
    const { include, choose, idle } = p as unknown as AgentCombinators;
    const steps: Record<string, AgentStep> = {};
    if (agent.kind === 'may')
      steps[b.first] = choose(agent.turns.length + 1, (_m, f, _self, choice) =>
        choice === agent.turns.length ? DONE : b.turn(f, choice),
      );
    for (const [i, turn] of agent.turns.entries()) {
      const step: AgentStep = (_m, f) => b.turn(f, i);
      if (agent.kind === 'does') steps[b.label(i)] = turn.when === null ? step : idle(step);
      Object.assign(steps, b.pathOf(i, include, edits));
    }
    return steps as never;
  });
  return made as unknown as AnyProtocol<Machine>;
}

/** Starts an agent's process. */
export const startAgent = (m: Machine, agent: Agent, protocol: AnyProtocol<Machine>): number =>
  m.processes.spawn(protocol as never, { [LEFT]: agent.times } as never);
