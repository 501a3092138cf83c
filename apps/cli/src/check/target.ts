// What is to be checked: a model by its name, or the `concurrent:` section of a scenario.

import type { Origin } from '@virq/checker';
import type { Edits, Property, System } from '@virq/irq-core/protocol';
import { bindConcurrent, suggest } from '@virq/scenario';
import { loadBackends, PARTS } from '../backends.ts';
import { type Io, UsageError } from '../io.ts';
import { isScenarioPath, readScenario, reportDiagnostics } from '../scenario-file.ts';
import { editsOf, FAMILIES, familyOf } from './models.ts';
import { type CheckVerbOptions, sizesOf } from './options.ts';

/** Makes a system in its initial state; `edits` plants further faults. */
export type Make = (options: { readonly record: boolean; readonly edits?: Edits }) => System;

/** Something to check. */
export interface Target {
  readonly title: string;
  readonly origin: Origin;
  readonly make: Make;
  /** Property that is expected to be violated; null when all must hold. */
  readonly expect: string | null;
  /** Says on stderr where the witnesses stand that no state reached; false if they stand nowhere. */
  reportUnreached(names: readonly string[]): Promise<boolean>;
}

function modelTarget(name: string, options: CheckVerbOptions): Target {
  const family = familyOf(name);
  const variant = options.variant ?? null;
  const edits = editsOf(family, variant);
  const sizes = sizesOf(options.scope);
  const model = family.build(sizes);
  const defaults = Object.fromEntries(Object.entries(family.scope).map(([key, p]) => [key, p.default]));
  return {
    title: variant === null ? name : `${name}, variant ${variant}`,
    origin: { kind: 'model', name, variant, scope: { ...defaults, ...sizes } },
    make: (o) => model.create({ record: o.record, edits: [...edits, ...(o.edits ?? [])] }),
    expect: null,
    reportUnreached: async () => false,
  };
}

async function scenarioTarget(path: string, options: CheckVerbOptions, io: Io): Promise<Target | null> {
  if (options.variant !== undefined)
    throw new UsageError('VIRQ-C001', '--variant goes with a model', 'a scenario says variant: beside its model:');
  const backends = await loadBackends(options.backend ?? [], io);
  const { parsed, text } = await readScenario(path, io);
  const scope = sizesOf(options.scope);
  const { concurrent, diagnostics } = bindConcurrent(parsed, { backends, parts: PARTS, families: FAMILIES, scope });
  const report = (d: typeof diagnostics) => reportDiagnostics({ path, text, diagnostics: d }, options, io);
  if (concurrent === null) {
    await report(diagnostics);
    return null;
  }
  return {
    title: concurrent.name,
    origin: { kind: 'scenario', name: path, variant: null, scope: concurrent.scope },
    make: (o) => concurrent.make(o),
    expect: concurrent.expect,
    async reportUnreached(names) {
      await report(concurrent.unreached(names));
      return true;
    },
  };
}

/** Only the named properties, and those that are built in. */
function only(make: Make, names: readonly string[]): Make {
  return (o) => {
    const system = make(o);
    return { ...system, properties: names.map((name) => propertyOf(system, name)) };
  };
}

function propertyOf(system: System, name: string): Property<never> {
  const found = system.properties.find((p) => p.name === name);
  if (found !== undefined) return found;
  const hint = suggest(
    name,
    system.properties.map((p) => `"${p.name}"`),
  );
  throw new UsageError('VIRQ-K003', `${system.name} has no property "${name}"`, hint);
}

/** Finds what the user named. Null: it is wrong, and that has been said. */
export async function targetOf(what: string, options: CheckVerbOptions, io: Io): Promise<Target | null> {
  const target = isScenarioPath(what) ? await scenarioTarget(what, options, io) : modelTarget(what, options);
  if (target === null || options.property === undefined || options.property.length === 0) return target;
  return { ...target, make: only(target.make, options.property) };
}

/** The target of a saved counterexample. */
export function targetOfOrigin(origin: Origin, io: Io): Promise<Target | null> {
  const scope = Object.entries(origin.scope).map(([name, value]) => `${name}=${value}`);
  return targetOf(origin.name, { scope, ...(origin.variant !== null && { variant: origin.variant }) }, io);
}
