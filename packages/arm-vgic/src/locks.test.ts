// The lock order against what the paths take, in every kernel's order.

import { protocolsOn } from '@virq/irq-core/protocol';
import { describe, expect, it } from 'vitest';
import armVgic from './index.ts';
import { VGIC_VERSIONS } from './kernel.ts';
import { classOf, LOCK_ORDER, LOCKS, type LockName } from './locks.ts';

interface Noted {
  readonly name: string;
  readonly notes: readonly { readonly acquires?: string; readonly releases?: string }[];
}

/** Walks the steps in program order: locks of no class, taken out of order, or kept at the end. */
function violations({ notes }: Noted, order: readonly LockName[]): string[] {
  const held: string[] = [];
  const found: string[] = [];
  const rank = (name: string): number => order.indexOf(classOf(name) as LockName);
  for (const { acquires, releases } of notes) {
    if (acquires !== undefined) {
      if (classOf(acquires) === null) found.push(`${acquires} is in no class`);
      const isPair = (h: string): boolean => classOf(h) === 'ap' && classOf(acquires) === 'ap' && h.startsWith('lower');
      for (const h of held) if (rank(h) >= rank(acquires) && !isPair(h)) found.push(`${acquires} inside ${h}`);
      held.push(acquires);
    }
    if (releases !== undefined) held.splice(held.indexOf(releases), 1);
  }
  return [...found, ...held.map((h) => `${h} is kept`)];
}

const PATHS = armVgic.protocols as readonly Noted[];

describe.each(VGIC_VERSIONS)('F-05 F-06 F-22 lock order of %s', (version) => {
  it.each(PATHS.map((p) => [p.name, p] as const))('%s keeps it', (_name, path) => {
    expect(violations(path, LOCK_ORDER[version])).toEqual([]);
  });
});

describe('the check', () => {
  const nested = (outer: string, inner: string): Noted => {
    const lock = () => ({ holder: 0 }) as never;
    return protocolsOn<object>().protocol('nested', {}, (p) => ({
      ...p.locked(outer, lock, { ...p.locked(inner, lock, { nothing: () => undefined }) }),
    })) as never;
  };

  it.each([
    ['its', 'cmd', 'cmd inside its'],
    ['irq', 'ap', 'ap inside irq'],
    ['higher ap', 'lower ap', 'lower ap inside higher ap'],
    ['irq', 'nobody', 'nobody is in no class'],
  ])('sees %s before %s', (outer, inner, found) => {
    expect(violations(nested(outer, inner), LOCK_ORDER['7.3'])).toContain(found);
  });

  it('knows on which side of the lists the LPIs are', () => {
    const insideList = (version: '6.12' | '6.18') => violations(nested('ap', 'lpi'), LOCK_ORDER[version]);
    expect([insideList('6.12'), insideList('6.18')]).toEqual([[], ['lpi inside ap']]);
  });

  it('orders every class once', () => {
    for (const order of Object.values(LOCK_ORDER)) expect([...order].sort()).toEqual(Object.keys(LOCKS).sort());
  });
});
