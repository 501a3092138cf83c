// A posted interrupt is seen by its vCPU whatever happens at the same time, and every property is broken by some fault.

import { type CheckResult, check } from '@virq/checker';
import { type Edits, omit, replace } from '@virq/irq-core/protocol';
import { describe, expect, it } from 'vitest';
import { activateGuestMode } from '../iommu/amd.ts';
import { avicOf, avicPiUpdateIrte, pollGaLog, svmVcpuBlock, svmVcpuLoad } from '../protocols/index.ts';
import { avicPost, kickPrevious } from './index.ts';

const [ASLEEP, UNSEEN] = ['the IRTE of a vCPU that sleeps writes to the GA log', 'no posted interrupt is left unseen'];
const STALE = 'once an update is over the IOMMU goes by the new entry';

function broken(edits: Edits): string | undefined {
  const model = avicPost.build({ updates: 1 });
  return check((o) => model.create({ ...o, edits })).violations[0]?.property;
}

const neverRun = (r: CheckResult): string[] => r.coverage.filter((l) => !l.reached).map((l) => l.label);

describe('avic-post', () => {
  it('X86-27 X86-32 X86-33 is clean', () => {
    const model = avicPost.build({ updates: 1 });
    const r = check((o) => model.create(o));
    expect([r.verdict, r.unreached, neverRun(r)]).toEqual(['ok', [], []]);
  });

  /** Programmed as not running, whatever the vCPU does (before f3cebc75e742). */
  const notRunning = replace(avicPiUpdateIrte, 'program', (m, f) => {
    const a = avicOf(m, f);
    const target = { frame: a.frameOf(f.to - 1), vector: f.vector, tag: a.tagOf(f.to - 1) };
    activateGuestMode(a.host.irq(f.irq), target, { cpu: -1, log: 0 });
  });

  const faults: readonly (readonly [string, Edits, string])[] = [
    ['halt does not tell the IOMMU', [[svmVcpuBlock, omit(svmVcpuBlock, 'blocking.tellIommuOut')]], ASLEEP],
    ['load does not tell the IOMMU', [[svmVcpuLoad, omit(svmVcpuLoad, 'avic.tellIommu')]], UNSEEN],
    ['no look at the IRR before it sleeps', [[svmVcpuBlock, omit(svmVcpuBlock, 'look')]], UNSEEN],
    ['the GA log wakes nobody', [[pollGaLog, replace(pollGaLog, 'notify', () => 'take')]], UNSEEN],
    ['the IRTE of a runner says not running', [[avicPiUpdateIrte, notRunning]], ASLEEP],
    ['the IRTE stays on the old list', [[avicPiUpdateIrte, omit(avicPiUpdateIrte, 'deletePrevious')]], ASLEEP],
    ['the IRTE does not join the new list', [[avicPiUpdateIrte, omit(avicPiUpdateIrte, 'join')]], UNSEEN],
    [
      'X86-34 the IOMMU is not told to read the entry anew',
      [[avicPiUpdateIrte, omit(avicPiUpdateIrte, 'flush')]],
      STALE,
    ],
    ['nobody looks at the previous vCPU', [[kickPrevious, replace(kickPrevious, 'kick', () => undefined)]], UNSEEN],
  ];
  it.each(faults)('%s', (_name, edits, property) => {
    expect(broken(edits)).toBe(property);
  });
});
