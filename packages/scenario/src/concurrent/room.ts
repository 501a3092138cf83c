// How much room the state of a check has: what the scenario names and no more, so that states are small.

import type { ArgSpec, MachineOptions } from '@virq/irq-core/machine';
import { irqOf } from '@virq/irq-core/vfio';
import { type BoundStep, tablesOf } from '../bind-steps.ts';
import type { Binding } from '../binding.ts';
import type { Agent } from './agents.ts';

/** Work items beside the processes of the scenario. */
const WORK_ITEMS = 12;

/** What a scenario does before and in its concurrent section. */
export interface Plan {
  readonly steps: readonly BoundStep[];
  readonly agents: readonly Agent[];
  /** Names of eventfds in the order in which they occur. */
  readonly eventfds: readonly string[];
}

function namesIn(spec: ArgSpec, value: unknown, into: Set<string>): void {
  if (value === undefined || value === null) return;
  if (spec.type === 'name' && spec.of === 'an eventfd') into.add(value as string);
  if (spec.type === 'list') for (const item of value as unknown[]) namesIn(spec.of, item, into);
}

/** Adds the eventfds that the arguments of an operation name. `-` stands for none. */
export function collectEventfds(b: Binding, step: Pick<BoundStep, 'vm' | 'op' | 'args'>, into: Set<string>): void {
  const { vm, op, args } = step;
  const backend = b.backendOf.get(vm);
  const table = backend === undefined ? undefined : tablesOf(backend, b.parts).find((t) => Object.hasOwn(t, op));
  for (const [name, spec] of Object.entries(table?.[op]?.args ?? {})) namesIn(spec, args[name], into);
  into.delete('-');
}

/** Largest number under the key `gsi`, anywhere. */
function largestGsi(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return Object.entries(value).reduce(
    (most, [key, v]) => Math.max(most, key === 'gsi' ? Number(v) || 0 : largestGsi(v)),
    0,
  );
}

const longestTable = (plan: Plan): number =>
  Math.max(
    0,
    ...[...plan.steps, ...plan.agents.flatMap((a) => a.turns)].map(({ args: { entries } }) =>
      Array.isArray(entries) ? entries.length : 0,
    ),
  );

function irqfdsOf(plan: Plan): number {
  const before = plan.steps.filter((s) => s.op === 'irqfd').length;
  const during = plan.agents.map((a) => a.times * a.turns.filter((t) => t.name === 'irqfd').length);
  return Math.min(
    64,
    during.reduce((sum, n) => sum + n, before + 1),
  );
}

/** SPIs of an Arm VM, which its default routing has. */
const spisOf = ({ options }: MachineOptions['vms'][number]): number =>
  ((options?.['nr_irqs'] as number | undefined) ?? 32) - 32;

/** The machine with room for the plan. 24 GSIs and 48 routes are the least: the default routing of x86 has as many. */
export function withRoom(machine: MachineOptions, plan: Plan): MachineOptions {
  const gsis = Math.min(4096, Math.max(24, 1 + largestGsi([plan.steps, plan.agents])));
  const routes = Math.max(48, longestTable(plan));
  const irqs = 1 + Math.max(0, ...(machine.devices ?? []).map(irqOf));
  const processes = Math.min(255, plan.agents.length + WORK_ITEMS);
  return {
    ...machine,
    limits: { eventfds: plan.eventfds.length + 1, processes, irqs, bypass: irqfdsOf(plan) + 4 },
    vms: machine.vms.map((vm) => {
      const room = { gsis: Math.max(gsis, spisOf(vm)), routes: Math.max(routes, spisOf(vm)), irqfds: irqfdsOf(plan) };
      return { ...vm, limits: { ...vm.limits, ...room } };
    }),
  };
}
