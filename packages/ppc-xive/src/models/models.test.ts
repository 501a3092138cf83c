// The POWER models are clean in every size they come in, and what the gallery's stories say of their near misses is true.

import { check } from '@virq/checker';
import { BLOCKED, type Edits, type ModelFamily, omit, reorder, replace } from '@virq/irq-core/protocol';
import { describe, expect, it } from 'vitest';
import {
  doorbell,
  hostIrq,
  resampleCap,
  threadWake,
  xicsMigrate,
  xicsResend,
  xiveEscalation,
  xiveFreeIrq,
} from './index.ts';

/** Every combination of the sizes of a family. */
function sizesOf({ scope }: ModelFamily): Record<string, number>[] {
  return Object.entries(scope).reduce<Record<string, number>[]>(
    (all, [name, { min, max }]) =>
      all.flatMap((one) => Array.from({ length: max - min + 1 }, (_, i) => ({ ...one, [name]: min + i }))),
    [{}],
  );
}

function explore(family: ModelFamily, scope: Readonly<Record<string, number>> = {}, edits: Edits = []) {
  const model = family.build(scope);
  return check((o) => model.create({ ...o, edits }), {});
}

const FAMILIES = [
  doorbell.doorbell,
  resampleCap.resampleCap,
  threadWake.threadWake,
  xicsMigrate.xicsMigrate,
  xicsResend.xicsResend,
  xiveEscalation.xiveEscalation,
  xiveFreeIrq.xiveFreeIrq,
];

describe.each(FAMILIES.map((f) => [f.name, f] as const))('%s', (_name, family) => {
  it.each(sizesOf(family).map((s) => [JSON.stringify(s), s] as const))('is clean with %s', (_sizes, scope) => {
    const { verdict, unreached } = explore(family, scope);
    expect([verdict, unreached]).toEqual(['ok', []]);
  });
});

describe('xics-resend', () => {
  const { guestCpu } = xicsResend;

  it('bf5a71d53835: a resend that does not look at the flag again under the lock presents an interrupt twice', () => {
    const edits: Edits = [[guestCpu as never, omit(guestCpu, 'deliver.checkResend') as never]];
    const [found] = explore(xicsResend.xicsResend, {}, edits).violations;
    expect(found?.property).toBe('an interrupt is not presented while it is being handled');
  });
});

describe('xive-escalation', () => {
  const { cleanupVcpu } = xiveEscalation;
  const orphaned = 'an entry is taken from the queue whose interrupt is gone';

  it.each([
    ['the wait for a handler', ['awaitHandler'], 2],
    ['the look at PQ = 01', ['keepMasked'], 2],
    ['the question after escOn', ['testEscOn'], 1],
  ] as const)('cannot do without %s', (_what, labels, events) => {
    const edits: Edits = [[cleanupVcpu as never, omit(cleanupVcpu, ...labels) as never]];
    const { violations } = explore(xiveEscalation.xiveEscalation, { events }, edits);
    expect(violations.length).toBe(1);
  });

  it('waits for the handler after it has the vCPU, which a third interrupt shows', () => {
    const edits: Edits = [[cleanupVcpu as never, reorder(cleanupVcpu, 'awaitHandler', 'acquire') as never]];
    const verdicts = [2, 3].map((events) => explore(xiveEscalation.xiveEscalation, { events }, edits).verdict);
    expect(verdicts).toEqual(['ok', 'violated']);
  });

  it('with what today counts as inactive, the VP disabled first leaves an orphan instead of a soft lockup', () => {
    const cleanup = omit(cleanupVcpu, 'disableEscalation');
    const edits: Edits = [
      [cleanupVcpu as never, reorder(cleanup, 'disableVp', ...cleanup.labels.slice(2, -1)) as never],
    ];
    expect(explore(xiveEscalation.xiveEscalation, { events: 1 }, edits).violations[0]?.property).toBe(orphaned);
  });
});

it('xive-free-irq: without a fence, all ones are no question', () => {
  const { freeIrq, isActiveByP, isBusy } = hostIrq;
  const wait = replace(freeIrq, 'synchronize', ({ irq }) => (isBusy(irq) || isActiveByP(irq) ? BLOCKED : undefined));
  const edits: Edits = [[freeIrq as never, wait as never]];
  expect(explore(xiveFreeIrq.xiveFreeIrq, { fences: 0 }, edits).verdict).toBe('ok');
  expect(explore(xiveFreeIrq.xiveFreeIrq, { fences: 1 }, edits).verdict).toBe('violated');
});
