// A fresh machine of a scenario: made, brought to its start by the steps, its processes started, its conditions bound.

import { errnoName } from '@virq/irq-core/errors';
import {
  createMachine,
  createSession,
  findOperation,
  type Machine,
  type MachineOptions,
  type Session,
} from '@virq/irq-core/machine';
import type { Edits } from '@virq/irq-core/protocol';
import type { BoundStep } from '../bind-steps.ts';
import { failuresOf } from '../expectations.ts';
import { type AgentContext, agentProtocol, startAgent } from './agents.ts';
import { bindCondition } from './condition.ts';
import type { Plan } from './room.ts';

/** How a machine is made for a check. */
export interface WorldOptions {
  readonly record: boolean;
  readonly edits?: Edits;
}

/** Called for every step before the section whose expectations are not met. */
export type OnFailure = (step: number, failures: readonly string[]) => void;

/** Every name gets its descriptor before the first step, so that none is handed out outside the state later. */
function openEventfds(session: Session, names: readonly string[]): void {
  for (const name of names) session.eventfd(name);
}

function runStep(session: Session, step: BoundStep): readonly string[] {
  const { machine } = session;
  session.vm = machine.vms.find((vm) => vm.name === step.vm) ?? session.vm;
  const { ret, out } = findOperation(session, step.op)?.run(step.args) ?? { ret: -1 };
  machine.settle();
  if (step.expect === undefined) return [];
  const outcome = { ret: Math.max(ret, -1), errno: errnoName(ret), out: out ?? null, events: session.takeTrace() };
  return failuresOf(step.expect, outcome, machine.arena);
}

/** Conditions of `when`, by their text. */
function bindWhens(plan: Plan, machine: Machine, context: AgentContext): void {
  for (const { when } of plan.agents.flatMap((a) => a.turns))
    if (when !== null && !context.conditions.has(when))
      context.conditions.set(when, bindCondition(machine.arena, when));
}

/**
 * Makes the machine of a plan in the initial state of its check. With `onFailure` it is a trial: the steps are judged, and the
 * conditions of `when`, which may be wrong, are left unbound.
 */
export function createWorld(o: MachineOptions, plan: Plan, options: WorldOptions, onFailure?: OnFailure): Machine {
  const { edits = [], record } = options;
  const context: AgentContext = { session: null, conditions: new Map() };
  const agents = plan.agents.map((agent) => agentProtocol(agent, context, edits));
  const machine = createMachine({ ...o, record, edits, agents });
  const session = createSession(machine);
  machine.trace.on = onFailure !== undefined;
  openEventfds(session, plan.eventfds);
  for (const [i, step] of plan.steps.entries()) {
    session.takeTrace();
    const failures = runStep(session, step);
    if (failures.length > 0) onFailure?.(i, failures);
  }
  machine.trace.on = false;
  context.session = session;
  if (onFailure === undefined) bindWhens(plan, machine, context);
  for (const [i, agent] of plan.agents.entries()) startAgent(machine, agent, agents[i] as (typeof agents)[number]);
  return machine;
}
