// Properties of a check: the scenario's own over named fields, and those that backends, host and models ship.

import type { Machine } from '@virq/irq-core/machine';
import type { Property, PropertyKind } from '@virq/irq-core/protocol';
import type { Path } from '../binding.ts';
import { backendProperties, type EndProperty, partProperties, REST_PROPERTIES } from '../end-properties.ts';
import { bindCondition, bindInstances, type Subject } from './condition.ts';
import type { ConcurrentFile, PropertyFile } from './schema.ts';

const KINDS = ['always', 'never', 'sometimes', 'quiescent', 'eventually', 'leadsTo'] as const satisfies PropertyKind[];

/** What `check` looks at by itself in every model; names that `expect: violation of` may use. */
export const BUILT_IN_NAMES: readonly string[] = [
  'no step fails',
  'no freed slot is touched',
  'no process waits for ever',
  'locks are taken in one order',
];

/** Kinds under which a property as written has a name. */
export const kindsOf = (p: PropertyFile): PropertyKind[] => KINDS.filter((kind) => p[kind] !== undefined);

/** The sentence of a property as written. */
export const nameOf = (p: PropertyFile): string => p[kindsOf(p)[0] as PropertyKind] as string;

/** Binds one property of the scenario to a machine. Throws ExpressionFault, with `field` naming the condition in fault. */
export function ownProperty(
  subject: Subject,
  p: PropertyFile,
  at: (field: 'holds' | 'follows') => void,
): Property<never> {
  const kind = kindsOf(p)[0] as PropertyKind;
  at('holds');
  const split = kind === 'never' ? 'any' : 'all';
  const perElement = kind === 'always' || kind === 'never' || kind === 'quiescent';
  const { holds, count } = perElement
    ? bindInstances(subject, p.holds, split)
    : { holds: bindCondition(subject, p.holds), count: 1 };
  at('follows');
  const then = p.follows === undefined ? null : bindCondition(subject, p.follows);
  return {
    name: nameOf(p),
    kind,
    count,
    holds: (_m, i) => holds(i),
    ...(then !== null && { then }),
    ...(p.consequence !== undefined && { consequence: p.consequence }),
  };
}

const broken = (kind: PropertyKind, p: EndProperty, machine: Machine): Property<never> => ({
  name: p.name,
  kind,
  count: 1,
  holds: () => p.broken(machine) === null,
});

/** Those of the backends in every state, those of the host at rest. Of several VMs each is named. */
export function shippedProperties(machine: Machine): Property<never>[] {
  const several = machine.vms.length > 1;
  const ofVms = machine.vms.flatMap((vm) =>
    backendProperties([vm]).map((p) =>
      broken('always', several ? { ...p, name: `${p.name} (${vm.name})` } : p, machine),
    ),
  );
  const ofHost = partProperties(machine).map((p) => broken('always', p, machine));
  return [...ofVms, ...ofHost, ...REST_PROPERTIES.map((p) => broken('quiescent', p, machine))];
}

/** The shipped properties that the section uses. */
export const used = (use: ConcurrentFile['use'], shipped: readonly Property<never>[]): Property<never>[] =>
  shipped.filter((p) => use === 'all' || use.includes(p.name));

/** Where a property stands in the file: its sentence, or the section for one that is shipped. */
export function placeOfProperty(file: ConcurrentFile, name: string): Path {
  const i = (file.properties ?? []).findIndex((p) => nameOf(p) === name);
  const kind = kindsOf((file.properties ?? [])[i] ?? ({} as PropertyFile))[0];
  if (kind !== undefined) return ['concurrent', 'properties', i, kind];
  return Array.isArray(file.use) && file.use.includes(name)
    ? ['concurrent', 'use', file.use.indexOf(name)]
    : ['concurrent', file.model === undefined ? 'use' : 'model'];
}
