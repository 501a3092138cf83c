// Modes: the same steps with other options.

import { describe, expect, it } from 'vitest';
import { backends } from './__fixtures__/toy-backend.ts';
import { bindScenario } from './bind.ts';
import { modesOf } from './modes.ts';
import { parseScenario } from './parse.ts';

const text = (steps: string) => `virq: 1
title: t
vms: [{ name: a, backend: toy, mode: slow }]
modes:
  plain: { says: as it is }
  quick: { vms: { a: { mode: fast } } }
steps:
${steps}
`;
const bind = (steps: string, mode?: string) => bindScenario(parseScenario(text(steps)), backends, [], mode);

describe('modes', () => {
  it('are found in order, and the first is the one that is meant', () => {
    const { scenario } = parseScenario(text('  - take: {}'));
    expect(scenario === null ? [] : modesOf(scenario)).toEqual(['plain', 'quick']);
    expect(bind('  - take: {}').bound?.mode).toBe('plain');
  });

  it.each([
    [undefined, 'slow'],
    ['plain', 'slow'],
    ['quick', 'fast'],
  ])('%s: mode is %s', (mode, expected) => {
    expect(bind('  - take: {}', mode).bound?.machine.vms[0]?.options?.['mode']).toBe(expected);
  });

  it('a step may belong to some of them', () => {
    const steps = '  - { take: {}, in: [quick] }\n  - take: {}';
    expect([bind(steps).bound?.items.length, bind(steps, 'quick').bound?.items.length]).toEqual([1, 2]);
  });

  it('a mode that is not declared is a fault at its place', () => {
    const [fault] = bind('  - { take: {}, in: [quik] }').diagnostics;
    expect([fault?.line, fault?.code, fault?.message, fault?.hint]).toEqual([
      8,
      'VIRQ-S006',
      "no mode 'quik'",
      "did you mean 'quick'?",
    ]);
  });
});

it('a VM with a faulty option still brings the options of its host', async () => {
  const { default: x86Avic } = await import('@virq/x86-avic');
  const text =
    'virq: 1\ntitle: t\nvms: [{ backend: x86-avic, apicv: avc }]\nhost: { iommu: amd }\nsteps: [{ sync: {} }]\n';
  const { diagnostics } = bindScenario(parseScenario(text), new Map([['x86-avic', x86Avic as never]]));
  expect(diagnostics.map((d) => d.message)).toEqual(['apicv is "avc", expected none, avic, x2avic, vmx']);
});
