// The processes of a `concurrent` section: copies made, operations and protocols found, arguments checked.

import { type Args, createMachine, type KernelPath, kernelPathOf, type MachineOptions } from '@virq/irq-core/machine';
import { bindStep } from '../bind-steps.ts';
import type { Binding, Path } from '../binding.ts';
import { suggest } from '../did-you-mean.ts';
import type { StepFile } from '../schema.ts';
import type { Agent, Turn } from './agents.ts';
import { collectEventfds } from './room.ts';
import type { ConcurrentFile, ProcessFile, TurnFile } from './schema.ts';
import { SELF, substitute } from './scope.ts';

/** Operations that choose what a run shows; they are kept outside the state. */
const SHOWING: readonly string[] = ['observe', 'trace'];

interface Given {
  readonly b: Binding;
  readonly eventfds: Set<string>;
  readonly machine: MachineOptions;
  /** Protocols of the machine, by name. */
  readonly protocols: ReadonlyMap<string, KernelPath['protocol']>;
}

/** Protocols that a process can `run`, by name. */
export function protocolsByName(machine: MachineOptions): ReadonlyMap<string, KernelPath['protocol']> {
  const { processes } = createMachine(machine);
  return new Map(processes.protocols.map((p) => [p.name, p as unknown as KernelPath['protocol']]));
}

/** Locals from `with`: numbers, and names of eventfds. */
function checkLocals(g: Given, protocol: KernelPath['protocol'], given: Args, path: Path): void {
  const known = Object.keys(protocol.locals.fields);
  for (const [name, value] of Object.entries(given)) {
    const at = [...path, 'with', name];
    if (!known.includes(name))
      g.b.reportKey(at, 'VIRQ-S004', `${protocol.name} has no local '${name}'`, suggest(name, known));
    else if (typeof value === 'string') g.eventfds.add(value);
    else if (typeof value !== 'number') g.b.report(at, 'VIRQ-S004', `${name} is no number and no name of an eventfd`);
  }
}

function bindRun(g: Given, turn: TurnFile, path: Path): Turn | null {
  const { run = '', with: given = {}, vm, when, note: _note, ...rest } = turn;
  for (const field of Object.keys(rest))
    g.b.reportKey([...path, field], 'VIRQ-S002', `a turn with run has no '${field}'`, 'make it a turn of its own');
  const protocol = g.protocols.get(run);
  if (protocol === undefined) {
    g.b.report([...path, 'run'], 'VIRQ-S016', `no protocol '${run}'`, suggest(run, [...g.protocols.keys()]));
    return null;
  }
  checkLocals(g, protocol, given, path);
  const index = Math.max(0, g.b.vmNames.indexOf(vm ?? (g.b.vmNames[0] as string)));
  const ofVm = 'vm' in protocol.locals.fields ? { vm: index } : {};
  const begin: KernelPath['begin'] = (s) => {
    const locals = Object.entries(given).map(([k, v]) => [k, typeof v === 'string' ? s.eventfd(v) : (v as number)]);
    return { ...ofVm, ...Object.fromEntries(locals) };
  };
  return { name: run, vm: index, args: given, path: { protocol, begin }, when: when ?? null };
}

function bindTurn(g: Given, turn: TurnFile, path: Path): Turn | null {
  if (turn.run !== undefined) return bindRun(g, turn, path);
  const { when, ...step } = turn;
  for (const field of ['expect', 'concurrent', 'with'])
    if (Object.hasOwn(step, field)) {
      g.b.reportKey([...path, field], 'VIRQ-S002', `a turn has no '${field}'`, 'properties say what must hold');
      return null;
    }
  const bound = bindStep(g.b, step as unknown as StepFile, path);
  if (bound === null) return null;
  if (SHOWING.includes(bound.op)) {
    g.b.reportKey([...path, bound.op], 'VIRQ-S018', `${bound.op} changes what is shown, not the machine`);
    return null;
  }
  collectEventfds(g.b, bound, g.eventfds);
  const { op, args } = bound;
  const vm = g.b.vmNames.indexOf(bound.vm);
  const spec = g.machine.vms[vm] as MachineOptions['vms'][number];
  return { name: op, vm, args, path: kernelPathOf(op, args, spec), when: when ?? null };
}

function bindProcess(g: Given, p: ProcessFile, i: number, taken: Set<string>): Agent[] {
  const path = ['concurrent', 'processes', i];
  const kind = p.may === undefined ? 'does' : 'may';
  if ((p.may === undefined) === (p.does === undefined)) {
    const message = p.may === undefined ? 'does nothing' : 'has may and does';
    g.b.report(path, 'VIRQ-S002', `${p.name} ${message}`, 'give it either may: or does:');
    return [];
  }
  const [copies, times] = [p.copies as number, p.times as number];
  return Array.from({ length: copies }, (_, self): Agent => {
    const name = copies === 1 ? p.name : `${p.name} ${self}`;
    if (taken.has(name)) g.b.report([...path, 'name'], 'VIRQ-S009', `'${name}' is taken by a process or a protocol`);
    taken.add(name);
    const unknown = (): void => undefined;
    const turns = substitute(p[kind], { [SELF]: self }, { path: [...path, kind], unknown }) as TurnFile[];
    const bound = turns.map((t, k) => bindTurn(g, t, [...path, kind, k])).filter((t) => t !== null);
    return { name, kind, turns: bound, times };
  });
}

/** Binds all processes; faults are reported, and their turns left out. */
export function bindAgents(
  b: Binding,
  section: ConcurrentFile,
  machine: MachineOptions,
  eventfds: Set<string>,
): readonly Agent[] {
  const protocols = protocolsByName(machine);
  const g: Given = { b, eventfds, machine, protocols };
  const taken = new Set(protocols.keys());
  return (section.processes ?? []).flatMap((p, i) => bindProcess(g, p, i, taken));
}
