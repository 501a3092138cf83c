// The concurrent examples: verdict, witnesses, sizes; mutants that they catch; and nothing of a state outside the arena.

import { readFileSync } from 'node:fs';
import { check } from '@virq/checker';
import type { AnyBackend } from '@virq/irq-core/backend';
import { irqfdResamplerAck, irqfdShutdown, kvmSetIrqRouting } from '@virq/irq-core/kvm';
import { type Edits, omit, reorder, type System, seeded } from '@virq/irq-core/protocol';
import { x86Avic } from '@virq/x86-avic';
import { describe, expect, it } from 'vitest';
import { parseScenario } from '../parse.ts';
import { bindConcurrent, type Concurrent } from './bind-concurrent.ts';

const DIR = new URL('../../../../examples/', import.meta.url);
const backends = new Map([[x86Avic.name, x86Avic as unknown as AnyBackend]]);

function concurrent(name: string, scope = {}): Concurrent {
  const parsed = parseScenario(readFileSync(new URL(name, DIR), 'utf8'));
  const { concurrent: bound, diagnostics } = bindConcurrent(parsed, { backends, scope });
  expect(diagnostics).toEqual([]);
  return bound as Concurrent;
}

const plain = (c: Concurrent, edits: Edits = []) =>
  check((o) => c.make({ ...o, edits }), { engine: 'plain', all: true });

/** States of every example at its own sizes. */
const STATES: Readonly<Record<string, number>> = {
  'check-deassign-write.yaml': 492,
  'check-intx-resample.yaml': 910,
  'check-intx-without-resample.yaml': 218,
  'check-routing-race.yaml': 1394,
};
const names = Object.keys(STATES);

describe('examples', () => {
  for (const name of names)
    it(name, () => {
      const c = concurrent(name);
      const result = plain(c);
      expect(result.violations.map((v) => v.property)).toEqual(c.expect === null ? [] : [c.expect]);
      expect(c.unreached(result.unreached)).toEqual([]);
      expect([result.bound, result.states]).toEqual([null, STATES[name]]);
    });
});

describe('sizes and mutants', () => {
  it('a size given by the caller makes more processes', () => {
    const c = concurrent('check-deassign-write.yaml', { writers: 2 });
    const { processes } = c.make({ record: false });
    expect([0, 1, 2].map((pid) => processes.protocolOf(pid).name)).toEqual(['writer 0', 'writer 1', 'vmm']);
    expect(plain(c).verdict).toBe('ok');
  });

  const rows: [string, string, Edits, string][] = [
    [
      'a shutdown that does not wait for the work item',
      'check-deassign-write.yaml',
      [[irqfdShutdown, omit(irqfdShutdown, 'flushInject')]] as unknown as Edits,
      'no freed slot is touched',
    ],
    [
      'a routing update that frees the old table at once, inside the path of a process',
      'check-routing-race.yaml',
      [[kvmSetIrqRouting, omit(kvmSetIrqRouting, 'flip irq_srcu', 'wait irq_srcu')]] as unknown as Edits,
      'no freed slot is touched',
    ],
  ];
  for (const [what, name, edits, property] of rows)
    it(what, () => {
      const result = plain(concurrent(name), edits);
      expect(result.violations.map((v) => v.property)).toContain(property);
    });

  it('a resampler that signals before it lowers loses the level, as a protocol that a process runs', () => {
    const example = readFileSync(new URL('check-intx-resample.yaml', DIR), 'utf8');
    const text = `${example.slice(0, example.indexOf('concurrent:'))}
concurrent:
  processes:
    - { name: device, may: [device_assert: { device: nic }] }
    - { name: guest, does: [{ run: irqfd_resampler_ack, with: { gsi: 10 }, when: guest.chip.ioapic.irr }] }
  properties:
    - quiescent: an asserted device is heard
      holds: pci.functions[0].pending == 1 implies guest.chip.ioapic.irr != 0
    - sometimes: the line is lowered
      holds: pci.functions[0].pending == 1 and guest.chip.ioapic.irr == 0
  use: []
`;
    const bound = bindConcurrent(parseScenario(text), { backends }).concurrent as Concurrent;
    expect(plain(bound)).toMatchObject({ verdict: 'ok', unreached: [] });
    const swapped = reorder(irqfdResamplerAck, 'firstMember', 'signalMember', 'lowerLine');
    const { violations } = plain(bound, [[irqfdResamplerAck, swapped]] as unknown as Edits);
    expect(violations.map((v) => v.property)).toEqual(['an asserted device is heard']);
  });
});

/** Live pids of a system. */
function pids({ processes }: System): number[] {
  const list: number[] = [];
  for (let pid = processes.next(0); pid >= 0; pid = processes.next(pid + 1)) list.push(pid);
  return list;
}

describe('a state is its bytes', () => {
  for (const name of names)
    it(`${name}: a step does the same in a system with another past`, () => {
      const c = concurrent(name);
      const [walker, other] = [c.make({ record: false }), c.make({ record: false })];
      const start = walker.arena.bytes.slice();
      expect(other.arena.hash()).toBe(walker.arena.hash());
      const random = seeded(7);
      const below = (n: number): number => random.below(n);
      for (let n = 0; n < 600; n++) {
        const from = walker.arena.bytes.slice();
        const live = pids(walker);
        if (live.length === 0 || n % 60 === 59) {
          walker.arena.bytes.set(start);
          continue;
        }
        const pid = live[below(live.length)] as number;
        const choice = below(walker.processes.choicesOf(pid));
        const result = walker.processes.step(pid, choice);
        if (result === 'blocked') {
          walker.arena.bytes.set(from);
          continue;
        }
        if (n % 3 !== 0) continue;
        other.arena.bytes.set(from);
        expect(other.processes.step(pid, choice)).toBe(result);
        expect(other.arena.hash()).toBe(walker.arena.hash());
      }
    });
});
