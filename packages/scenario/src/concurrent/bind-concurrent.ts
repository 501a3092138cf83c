// A scenario's `concurrent:` section → something to check: a maker of fresh systems, what is expected, and places for what comes of it.

import { type MachineOptions, machineSystem } from '@virq/irq-core/machine';
import type { Edits, Property, System } from '@virq/irq-core/protocol';
import { createBinding } from '../bind.ts';
import { bindMachine } from '../bind-machine.ts';
import { bindSteps } from '../bind-steps.ts';
import type { Binding, Sources } from '../binding.ts';
import type { Diagnostic } from '../diagnostic.ts';
import type { Parsed } from '../parse.ts';
import type { ScenarioFile } from '../schema.ts';
import { bindAgents } from './bind-agents.ts';
import { checkConditions, checkNames } from './check-section.ts';
import { chooseModel, type Families } from './families.ts';
import { ownProperty, placeOfProperty, shippedProperties, used } from './properties.ts';
import { collectEventfds, type Plan, withRoom } from './room.ts';
import type { ConcurrentFile } from './schema.ts';
import { type Sizes, sizesOf, substitute, withSizes } from './scope.ts';
import { createWorld, type OnFailure } from './world.ts';

/** What a section may refer to. */
export interface ConcurrentSources extends Sources {
  /** Models by name, for `model:`. */
  readonly families?: Families;
  /** Sizes that replace the defaults of `scope:` (--scope). */
  readonly scope?: Sizes;
}

/** How a system is made. */
export interface MakeOptions {
  /** Record which bits each step reads and writes. */
  readonly record: boolean;
  /** Further protocols that stand in for others, beside the variant's. */
  readonly edits?: Edits;
}

/** A section ready to check. */
export interface Concurrent {
  readonly name: string;
  /** Name of the property that is to be violated; null when all must hold. */
  readonly expect: string | null;
  readonly scope: Sizes;
  /** A new system in its initial state, each time the same. */
  make(options: MakeOptions): System;
  /** Diagnostics for `sometimes` properties that a complete check never reached (`CheckResult.unreached`). */
  unreached(names: readonly string[]): Diagnostic[];
}

/** A bound section, or what is wrong with it. */
export interface ConcurrentResult {
  readonly concurrent: Concurrent | null;
  readonly diagnostics: readonly Diagnostic[];
}

/** Systems of the section, and its properties bound to one of them. */
interface Source {
  /** A system with the properties that are shipped with it. */
  system(options: MakeOptions, onFailure?: OnFailure): System;
}

const EXPECTED = /^violation of\s+(?:"(.*)"|(.*))$/;

/** The property that `expect:` says is violated. */
function expectedOf(expect: string): string | null {
  const match = EXPECTED.exec(expect);
  return match === null ? null : (match[1] ?? (match[2] as string));
}

function planOf(b: Binding, section: ConcurrentFile, machine: MachineOptions): Plan {
  const eventfds = new Set<string>();
  const items = bindSteps(b);
  for (const [i, item] of items.entries())
    if ('concurrent' in item)
      b.reportKey(['steps', i, 'concurrent'], 'VIRQ-S002', 'the steps before a check run one by one', 'make processes');
  const steps = items.flatMap((item) => ('step' in item ? [item.step] : []));
  for (const s of steps) collectEventfds(b, s, eventfds);
  const agents = bindAgents(b, section, machine, eventfds);
  return { steps, agents, eventfds: [...eventfds] };
}

/** Processes over the VMs of the scenario. */
function ownSource(b: Binding, section: ConcurrentFile, sound: () => boolean): Source | null {
  const machine = bindMachine(b);
  if (!sound()) return null;
  const plan = planOf(b, section, machine);
  if (!sound()) return null;
  const roomy = withRoom(machine, plan);
  return {
    system(options, onFailure) {
      const world = createWorld(roomy, plan, options, onFailure);
      return machineSystem(b.file.title, world, shippedProperties(world));
    },
  };
}

function modelSource(b: Binding, section: ConcurrentFile, families: Families, sizes: Sizes): Source | null {
  const chosen = chooseModel(b, section as ConcurrentFile & { model: string }, families, sizes);
  if (chosen === null) return null;
  const { model, edits } = chosen;
  return { system: (o) => model.create({ record: o.record, edits: [...edits, ...(o.edits ?? [])] }) };
}

function withProperties(system: System, section: ConcurrentFile): System {
  const own = (section.properties ?? []).map((p) => ownProperty(system.arena, p, () => undefined));
  const properties: readonly Property<never>[] = [...own, ...used(section.use, system.properties)];
  return { ...system, properties };
}

/** The section with its sizes put in, and the file around it. Faults are reported. */
function sized(parsed: Parsed, file: ScenarioFile, given: Sizes, sink: Diagnostic[]) {
  const section = file.concurrent as ConcurrentFile;
  const declared = section.scope ?? {};
  const hint =
    Object.keys(declared).length === 0 ? 'scope: declares none' : `there are: ${Object.keys(declared).join(', ')}`;
  const unknown = (path: readonly PropertyKey[], name: string): void =>
    void sink.push(parsed.at(path, 'VIRQ-S012', `no size '${name}'`, hint));
  const byModel = section.model !== undefined;
  const sizes = sizesOf(declared, given, (name) => byModel || unknown(['concurrent', 'scope'], name));
  const processes = substitute(section.processes, sizes, {
    path: ['concurrent', 'processes'],
    later: 'self',
    unknown,
  }) as ConcurrentFile['processes'];
  const whole = withSizes(file, sizes, unknown);
  return { sizes, section: { ...section, processes } as ConcurrentFile, file: whole };
}

function concurrentOf(
  title: string,
  { section, sizes, source, parsed }: { section: ConcurrentFile; sizes: Sizes; source: Source; parsed: Parsed },
): Concurrent {
  return {
    name: title,
    expect: expectedOf(section.expect),
    scope: sizes,
    make: (options) => withProperties(source.system(options), section),
    unreached: (names) =>
      names.map((name) =>
        parsed.at(
          placeOfProperty(section, name),
          'VIRQ-S017',
          `"${name}" is true in no state that the processes reach`,
          'correct its condition, or give the processes what it takes',
        ),
      ),
  };
}

/** Makes the first system, and looks at everything that needs one. */
function tryOut(b: Binding, section: ConcurrentFile, source: Source): void {
  const onFailure: OnFailure = (i, failures) =>
    b.reportKey(['steps', i, 'expect'], 'VIRQ-S019', failures.join('; '), 'virq run shows the steps');
  const system = source.system({ record: false }, onFailure);
  checkConditions(b, section, system.arena);
  checkNames(b, section, system.properties, expectedOf(section.expect));
}

/** Binds the `concurrent:` section of a parsed scenario. Reports every fault it finds; never throws for a wrong file. */
export function bindConcurrent(parsed: Parsed, sources: ConcurrentSources): ConcurrentResult {
  const written = parsed.scenario;
  if (written === null) return { concurrent: null, diagnostics: parsed.diagnostics };
  const diagnostics: Diagnostic[] = [];
  const given = written.concurrent;
  if (given === undefined || (given.model === undefined) === (given.processes === undefined)) {
    const message = given?.model === undefined ? 'there is nothing to check' : 'there are a model and processes';
    const hint = 'give concurrent: either processes: or model:';
    return { concurrent: null, diagnostics: [parsed.at(['concurrent'], 'VIRQ-S020', message, hint)] };
  }
  const { sizes, section, file } = sized(parsed, written, sources.scope ?? {}, diagnostics);
  const b = createBinding(parsed, file, sources, diagnostics);
  const sound = (): boolean => diagnostics.length === 0;
  const source =
    section.model === undefined
      ? ownSource(b, section, sound)
      : modelSource(b, section, sources.families ?? new Map(), sizes);
  if (source !== null && sound()) tryOut(b, section, source);
  if (source === null || !sound()) return { concurrent: null, diagnostics };
  return { concurrent: concurrentOf(file.title, { section, sizes, source, parsed }), diagnostics };
}
