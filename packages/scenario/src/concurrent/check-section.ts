// Static mistakes of a `concurrent` section, each at its place: conditions that do not fit the state, names of properties nobody has.

import type { Property } from '@virq/irq-core/protocol';
import type { Binding, Path } from '../binding.ts';
import { suggest } from '../did-you-mean.ts';
import { bindCondition, type Subject } from './condition.ts';
import { ExpressionFault } from './expression.ts';
import { BUILT_IN_NAMES, kindsOf, nameOf, ownProperty } from './properties.ts';
import type { ConcurrentFile, PropertyFile } from './schema.ts';

/** Runs what binds a condition; a fault in it is reported at the place of the condition. */
function attempt(b: Binding, path: () => { at: Path; text: string }, bind: () => void): void {
  try {
    bind();
  } catch (error) {
    if (!(error instanceof ExpressionFault)) throw error;
    const { at, text } = path();
    b.reportWithin(at, { text, ...error.span }, error.code, error.message, error.hint);
  }
}

function checkProperty(b: Binding, p: PropertyFile, at: Path, subject: Subject): void {
  const kinds = kindsOf(p);
  if (kinds.length !== 1) {
    const message = kinds.length === 0 ? 'the property has no name' : `the property has ${kinds.join(' and ')}`;
    b.report(at, 'VIRQ-S002', message, 'one of always, never, sometimes, quiescent, eventually, leadsTo');
    return;
  }
  if ((kinds[0] === 'leadsTo') !== (p.follows !== undefined)) {
    const message = p.follows === undefined ? 'leadsTo needs follows' : 'only leadsTo has follows';
    b.report([...at, p.follows === undefined ? 'leadsTo' : 'follows'], 'VIRQ-S002', message);
    return;
  }
  let field: 'holds' | 'follows' = 'holds';
  const bind = (): void => {
    ownProperty(subject, p, (f) => {
      field = f;
    });
  };
  attempt(b, () => ({ at: [...at, field], text: p[field] ?? '' }), bind);
}

/** Binds every condition of the section once, on a machine that is thrown away. */
export function checkConditions(b: Binding, section: ConcurrentFile, subject: Subject): void {
  for (const [i, p] of (section.properties ?? []).entries())
    checkProperty(b, p, ['concurrent', 'properties', i], subject);
  for (const [i, process] of (section.processes ?? []).entries())
    for (const kind of ['may', 'does'] as const)
      for (const [k, turn] of (process[kind] ?? []).entries())
        if (turn.when !== undefined) {
          const text = turn.when;
          const at = ['concurrent', 'processes', i, kind, k, 'when'];
          attempt(
            b,
            () => ({ at, text }),
            () => bindCondition(subject, text),
          );
        }
}

/** Names under `use` and `expect`, and names that occur twice. */
export function checkNames(
  b: Binding,
  section: ConcurrentFile,
  shipped: readonly Property<never>[],
  expected: string | null,
): void {
  const offered = shipped.map((p) => p.name);
  const own = (section.properties ?? []).filter((p) => kindsOf(p).length === 1).map(nameOf);
  if (section.use !== 'all')
    for (const [i, name] of section.use.entries())
      if (!offered.includes(name))
        b.report(['concurrent', 'use', i], 'VIRQ-S008', `no property '${name}'`, suggest(name, offered));
  for (const [i, name] of own.entries())
    if (own.indexOf(name) < i || offered.includes(name) || BUILT_IN_NAMES.includes(name))
      b.report(['concurrent', 'properties', i], 'VIRQ-S009', `'${name}' is the name of another property`);
  const known = [...own, ...(section.use === 'all' ? offered : section.use), ...BUILT_IN_NAMES];
  if (expected !== null && !known.includes(expected))
    b.report(['concurrent', 'expect'], 'VIRQ-S008', `no property '${expected}'`, suggest(expected, known));
}
