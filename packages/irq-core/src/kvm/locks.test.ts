// The lock order, checked against what the protocols take.

import { describe, expect, it } from 'vitest';
import type { AnyProtocol } from '../protocol/index.ts';
import { protocolsOn } from '../protocol/index.ts';
import { fakeMachine } from './__fixtures__/fake-vm.ts';
import { KVM_PROTOCOLS, type KvmWorld, LOCKS } from './index.ts';

/** Walks the steps in program order and names every lock that is unknown, taken out of order, or kept at the end. */
function violations(p: AnyProtocol<KvmWorld>): string[] {
  const held: string[] = [];
  const found: string[] = [];
  for (const { acquires, releases } of p.notes) {
    if (acquires !== undefined) {
      const rank = LOCKS[acquires]?.rank;
      if (rank === undefined) found.push(`${acquires} is not in the table`);
      for (const h of held) if ((LOCKS[h]?.rank ?? 0) >= (rank ?? 0)) found.push(`${acquires} inside ${h}`);
      held.push(acquires);
    }
    if (releases !== undefined) held.splice(held.indexOf(releases), 1);
  }
  return [...found, ...held.map((h) => `${h} is kept`)];
}

describe('lock order', () => {
  it.each(KVM_PROTOCOLS.map((p) => [p.name, p] as const))('%s keeps it', (_name, p) => {
    expect(violations(p)).toEqual([]);
  });

  it('the check sees an inversion', () => {
    const state = (m: KvmWorld) => m.kvms[0]!.state;
    const inverted = protocolsOn<KvmWorld>().protocol('inverted', {}, (p) => ({
      ...p.locked('irqfds', (m) => state(m).irqfdsLock, {
        ...p.locked('irq', (m) => state(m).irqLock, { nothing: () => undefined }),
      }),
    }));
    expect(violations(inverted as never)).toEqual(['irq inside irqfds']);
  });

  it('ranks are distinct', () => {
    const ranks = Object.values(LOCKS).map((l) => l.rank);
    expect(new Set(ranks).size).toBe(ranks.length);
  });

  it('a quiet machine holds none', () => {
    const { irqLock, irqfdsLock, resamplerLock } = fakeMachine().kvms[0]!.state;
    expect([irqLock, irqfdsLock, resamplerLock].map((l) => l.holder)).toEqual([0, 0, 0]);
  });
});
