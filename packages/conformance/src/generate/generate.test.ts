// Generators: every operation is one the model knows, valid arguments and invalid ones both occur, and variation pays.

import { seeded } from '@virq/irq-core/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { model, modelOfPowernv, modelOfQ35, modelOfVirt } from '../__fixtures__/sides.ts';
import { createKvmOracle } from '../kvm/index.ts';
import type { Op, Oracle, OracleResult } from '../oracle.ts';
import { createPowernvOracle } from '../qemu/powernv/index.ts';
import { createQemuOracle } from '../qemu/q35/index.ts';
import { createVirtOracle } from '../qemu/virt/index.ts';
import { chooser } from './choose.ts';
import type { Generator } from './generator.ts';
import { kvmSequences } from './kvm.ts';
import { powernvSequences } from './powernv.ts';
import { q35Sequences } from './q35.ts';
import { createStrategy } from './strategy.ts';
import { virtSequences } from './virt.ts';

const KINDS: readonly (readonly [string, Generator, () => Oracle, Oracle])[] = [
  ['kvm', kvmSequences, model, createKvmOracle()],
  ['q35', q35Sequences, modelOfQ35, createQemuOracle()],
  ['powernv', powernvSequences, modelOfPowernv, createPowernvOracle()],
  ['virt', virtSequences, modelOfVirt, createVirtOracle()],
];

async function drive(generator: Generator, side: Oracle, seed: number, sequences: number) {
  const strategy = createStrategy(chooser(seeded(seed)), generator);
  const seen: { op: Op; result: OracleResult }[] = [];
  for (let i = 0; i < sequences; i++) {
    const machine = await side.start();
    const ops = strategy.begin(60);
    for (let next = ops.next(); next.done !== true; next = ops.next()) {
      const result = await machine.apply(next.value);
      strategy.saw(next.value, result);
      seen.push({ op: next.value, result });
    }
    strategy.end();
  }
  return { seen, strategy };
}

describe.each(KINDS)('%s sequences', { timeout: 120_000 }, (_name, generator, side, oracle) => {
  it('hold only operations that the model and the oracle know', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 0x7fffffff }), async (seed) => {
        const { seen } = await drive(generator, side(), seed, 3);
        return seen.every(({ op }) => oracle.operations.has(op.op));
      }),
      { numRuns: 40, seed: 20261121 },
    );
  });

  it('use every operation of the oracle but the few that wait', async () => {
    const { seen } = await drive(generator, side(), 5, 60);
    const used = new Set(seen.map(({ op }) => op.op));
    const unused = [...oracle.operations].filter((op) => !used.has(op));
    expect(unused.filter((op) => !['observe', 'window'].includes(op))).toEqual([]);
  });

  it('keep what shows something new', async () => {
    const { strategy } = await drive(generator, side(), 9, 20);
    expect(strategy.kept).toBeGreaterThan(5);
    expect(strategy.seen).toBeGreaterThan(60);
  });
});

it('invalid operations are among those for KVM, and so are all irqchip modes', { timeout: 120_000 }, async () => {
  const { seen } = await drive(kvmSequences, model(), 4, 80);
  const errors = new Set(seen.map(({ result }) => result.errno));
  expect(['EINVAL', 'EBUSY', 'EBADF', 'ENXIO', 'EEXIST'].filter((e) => !errors.has(e))).toEqual([]);
  expect(new Set(seen.map(({ op }) => op['irqchip']).filter((v) => v !== undefined))).toEqual(
    new Set(['kernel', 'split', 'none']),
  );
});

/** An END that escalates to itself or to one before it, without asking its ESe. */
const endless = ({ op }: { readonly op: Op }): boolean =>
  op.op === 'end' && op['unconditional'] === 1 && Number(op['esc_end']) <= Number(op['idx']);

it('virt sequences never leave an SGI pending from nobody: QEMU would stop', { timeout: 120_000 }, async () => {
  const { seen } = await drive(virtSequences, modelOfVirt(), 12, 120);
  const senders = seen.filter(({ op }) => String(op['reg']).startsWith('SPENDSGIR') && op['value'] !== undefined);
  expect(senders.length).toBeGreaterThan(5);
  expect(senders.filter(({ op }) => Number(op['value']) === 0 || op['size'] !== 1)).toEqual([]);
});

describe('powernv sequences', { timeout: 120_000 }, () => {
  it('never ask QEMU for a circle of ENDs that nothing ends', async () => {
    const { seen } = await drive(powernvSequences, modelOfPowernv(), 12, 60);
    expect(seen.filter(({ op }) => op.op === 'end').length).toBeGreaterThan(100);
    expect(seen.filter(endless)).toEqual([]);
  });

  it('run on both generations, and end in every way an event can end', async () => {
    const { seen } = await drive(powernvSequences, modelOfPowernv(), 7, 80);
    const backends = new Set(seen.map(({ op }) => op['backend']).filter((b) => b !== undefined));
    expect(backends).toEqual(new Set(['xive9', 'xive10']));
    const states = seen.map(({ result }) => result.state as unknown as PowernvState);
    const rings = states.flatMap(({ tima }) => tima);
    const ends = states.flatMap(({ end }) => Object.values(end));
    expect({
      os: rings.some(({ os }) => os.nsr === 0x80),
      physical: rings.some(({ phys }) => phys.nsr === 0x80),
      kept: rings.some(({ os }) => os.nsr === 0 && os.ipb !== 0),
      coalesced: ends.some(({ esn }) => esn === 3),
      escalated: ends.some(({ ese }) => ese === 3),
      wrapped: ends.some(({ off, eq }) => off === 1 && eq[0] !== '0x0'),
      backlog: seen.some(({ op, result }) => op.op === 'nvt_read' && Number(result.out?.['ipb']) > 0),
      acknowledged: seen.some(({ op, result }) => op.op === 'ack' && Number(result.out?.['value']) >= 0x8000),
    }).toEqual({
      ...{ os: true, physical: true, kept: true, coalesced: true, escalated: true },
      ...{ wrapped: true, backlog: true, acknowledged: true },
    });
  });
});

interface PowernvState {
  readonly end: Readonly<Record<string, { esn: number; ese: number; off: number; eq: readonly string[] }>>;
  readonly tima: readonly { readonly os: { nsr: number; ipb: number }; readonly phys: { nsr: number } }[];
}
