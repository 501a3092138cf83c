// An IPI finds its target whether it runs or halts, and each of the two has to keep its order.

import { check } from '@virq/checker';
import { type Edits, omit, reorder, replace } from '@virq/irq-core/protocol';
import { describe, expect, it } from 'vitest';
import { avicSendIpi, svmVcpuBlock } from '../protocols/index.ts';
import { avicInhibit, avicIpi } from './index.ts';

const broken = (edits: Edits): string | undefined => {
  const model = avicIpi.build();
  return check((o) => model.create({ ...o, edits })).violations[0]?.property;
};

describe('avic-ipi', () => {
  it.each([1, 2])('X86-26 %i senders: clean, every label reached', (senders) => {
    const model = avicIpi.build({ senders });
    const r = check((o) => model.create(o));
    expect([r.verdict, r.unreached, r.coverage.filter((l) => !l.reached)]).toEqual(['ok', [], []]);
  });

  const UNSEEN = 'no IPI is left unseen';
  const faults: readonly (readonly [string, Edits])[] = [
    [
      'X86-29 IsRunning is read before the IRR is set',
      [[avicSendIpi, reorder(avicSendIpi, 'readIsRunning', 'setIrr')]],
    ],
    ['the sender tells nobody', [[avicSendIpi, replace(avicSendIpi, 'doorbellOrExit', () => undefined)]]],
    ['the sleeper does not look once more', [[svmVcpuBlock, omit(svmVcpuBlock, 'look')]]],
    ['the sleeper looks before it stops running', [[svmVcpuBlock, omit(svmVcpuBlock, 'blocking.clearRunning')]]],
  ];
  it.each(faults)('%s', (_name, edits) => expect(broken(edits)).toBe(UNSEEN));
});

describe('avic-inhibit', () => {
  it.each([{}, { deliveries: 2 }, { adds: 2 }, { returns: 0 }])('X86-30 %o is clean', (scope) => {
    const model = avicInhibit.build(scope);
    const r = check((o) => model.create(o));
    expect([r.verdict, r.unreached]).toEqual(['ok', []]);
  });
});
