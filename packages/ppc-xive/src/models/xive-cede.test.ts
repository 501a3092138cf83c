// H_CEDE and the escalation interrupt under every interleaving: clean as the kernel has it, and each fault is found by the property it breaks.

import { check } from '@virq/checker';
import { type Edits, omit, reorder, replace } from '@virq/irq-core/protocol';
import { describe, expect, it } from 'vitest';
import { cedeVcpu, enterGuest, escIrq } from '../protocols/xive-cede.ts';
import { xiveCede } from './xive-cede.ts';

const ONE_ENTRY = "the escalation takes one entry of the host's queue at most";
const AWAKE = 'no interrupt waits for a vCPU that sleeps';

type Step = (typeof cedeVcpu)['steps'][number];

/** xive_esc_on goes, whatever P was. */
const forgetEscOn: Step = (m, f) => {
  const { run } = (m.vms[0] as (typeof m.vms)[number]).chip;
  run.at(f.vcpu).escOn = 0;
};

/** kvmppc_xive_pull_vcpu first, then the escalation. */
const rearmLate = reorder(
  cedeVcpu,
  'cede',
  ...['pull.pull', 'pull.words', 'pull.pulled'],
  ...['rearm.isOn', 'rearm.holdBack', 'rearm.abort', 'rearm.setEscOn', 'rearm.unmask'],
);

const neverRun = (r: ReturnType<typeof check>): string[] => r.coverage.filter((l) => !l.reached).map((l) => l.label);

it('F-60 V-73 is clean, and every step is reached', () => {
  const model = xiveCede.build({ interrupts: 2, exits: 3, hardware: 0 });
  const r = check((o) => model.create(o));
  expect([r.verdict, r.unreached]).toEqual(['ok', []]);
  expect(neverRun(r)).toEqual([]);
});

type Fault = readonly [string, Edits, string];
const FAULTS: readonly Fault[] = [
  [
    'B-8 V-73 the cede goes on with an escalation that the host has not handled',
    [[cedeVcpu, replace(cedeVcpu, 'rearm.isOn', () => 'rearm.setEscOn')]],
    ONE_ENTRY,
  ],
  [
    'a push takes the escalation for gone although P was set',
    [
      [enterGuest, replace(enterGuest, 'push.clearEscOn', forgetEscOn)],
      [cedeVcpu, replace(cedeVcpu, 'entry.push.clearEscOn', forgetEscOn)],
    ],
    ONE_ENTRY,
  ],
  ['the escalation is armed after the context is off the thread', [[cedeVcpu, rearmLate]], AWAKE],
  ['the escalation is not armed', [[cedeVcpu, replace(cedeVcpu, 'rearm.unmask', () => undefined)]], AWAKE],
  [
    'the words of the context are not read at exit',
    [[cedeVcpu, replace(cedeVcpu, 'pull.words', () => undefined)]],
    AWAKE,
  ],
  ['the vCPU sleeps without a look', [[cedeVcpu, replace(cedeVcpu, 'look', () => undefined)]], AWAKE],
  [
    'the handler looks for a ceded vCPU before it says what there is',
    [[escIrq, reorder(escIrq, 'kick', 'setPending')]],
    AWAKE,
  ],
  ['the handler wakes nobody', [[escIrq, omit(escIrq, 'kick')]], AWAKE],
];

describe('faults', () => {
  it.each(FAULTS)('%s', (_name, edits, property) => {
    const model = xiveCede.build({ interrupts: 3, exits: 4, hardware: 0 });
    const r = check((o) => model.create({ ...o, edits }));
    expect([r.verdict, r.violations[0]?.property]).toEqual(['violated', property]);
  });
});

// Derived from the sources and the model of the hardware; not confirmed on a machine.
it('D-12 POWER10: KVM does not look at a context that hardware has saved, and a vCPU sleeps over an interrupt that came during H_CEDE', () => {
  const model = xiveCede.build({ interrupts: 1, exits: 1, hardware: 1 });
  const r = check((o) => model.create(o));
  expect([r.verdict, r.violations[0]?.property]).toEqual(['violated', AWAKE]);
});
