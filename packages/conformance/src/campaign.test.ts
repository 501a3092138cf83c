// A campaign must find planted faults, make them small, and find nothing where nothing is.

import { describe, expect, it } from 'vitest';
import { type Fault, faulty, model, modelOfPowernv, modelOfQ35, modelOfVirt } from './__fixtures__/sides.ts';
import { runCampaign, runReplay } from './campaign.ts';
import type { Skip } from './compare/skips.ts';
import { kvmSequences } from './generate/kvm.ts';
import { powernvSequences } from './generate/powernv.ts';
import { q35Sequences } from './generate/q35.ts';
import { virtSequences } from './generate/virt.ts';
import type { Op, Oracle } from './oracle.ts';

const campaign = (oracle: Oracle, more: { skips?: readonly Skip[]; ops?: number; seeds?: readonly number[] } = {}) =>
  runCampaign({ model: model(), oracle, generator: kvmSequences, skips: [], seeds: [1, 2, 3], ops: 3000, ...more });

/** Faults, the most operations it may take to show each, and the field that must be named. */
const FAULTS: readonly (readonly [string, () => Fault, number, RegExp])[] = [
  ['a vector is never acknowledged twice', () => once, 4, /^out\.vector|state\.lapic/],
  [
    'lowering GSI 5 is lost',
    () => (op, ask) => ask(op.op === 'irq_line' && op['gsi'] === 5 ? { ...op, level: 1 } : op),
    3,
    /^(out\.status|state)/,
  ],
  [
    'every MSI reports one CPU',
    () => (op, ask) => (op.op === 'signal_msi' ? { ...ask(op), ret: 1, errno: null } : ask(op)),
    2,
    /^ret$/,
  ],
  ['the EOI of vector 0x51 stays in service', stuckEoi, 5, /^state\.lapic/],
  ['a resamplefd is signalled twice', doubleResample, 8, /^out\.count/],
];

const once: Fault = (op, ask) => {
  const r = ask(op);
  return op.op === 'ack' && r.out?.['vector'] === 0x61 ? { ...r, out: { vector: null } } : r;
};

function stuckEoi(): Fault {
  return (op, ask) => {
    const r = ask(op);
    if (op.op !== 'eoi') return r;
    const lapics = (r.state['lapic'] ?? []) as unknown as { tmr: number[]; isr: number[] }[];
    const lapic = lapics.map((l) => (l.tmr.includes(0x51) ? { ...l, isr: [...l.isr, 0x51] } : l));
    return { ...r, state: { ...r.state, lapic } };
  };
}

function doubleResample(): Fault {
  return (op, ask) => {
    const r = ask(op);
    const count = Number(r.out?.['count'] ?? 0);
    return op.op === 'efd_read' && op['name'] === 'r' && count > 0 ? { ...r, out: { count: count + 1 } } : r;
  };
}

/** Faults of an XIVE, and the most operations it may take to show each. */
const XIVE_FAULTS: readonly (readonly [string, () => Fault, number])[] = [
  ['the line of an LSI never falls', () => (op, ask) => ask(op.op === 'line' ? { ...op, level: 1 } : op), 6],
  ['the event queue does not wrap', () => unlessEnd({ off: 0 }, (end) => Number(end['off']) > 1000), 3],
  ['every END notifies always', () => unlessEnd({ notify: 1 }, (end) => end['notify'] === 0), 7],
  ['an escalation never asks ESe', () => unlessEnd({ unconditional: 1 }, (end) => end['escalate'] === 1), 8],
  ['a silent END notifies', () => unlessEnd({ silent: 0 }, (end) => end['silent'] === 1), 7],
  ['the backlog is not kept', () => unlessEnd({ backlog: 0 }, (end) => end['backlog'] !== 0), 7],
  ['the second thread forgets the CPPR of its physical ring', forgottenCppr, 3],
  ['StoreEOI is always there', () => (op, ask) => ask(op.op === 'start' ? { ...op, store_eoi: 1 } : op), 8],
  ['a masked EAS lets events through', () => (op, ask) => ask(op['masked'] === 1 ? { ...op, masked: 0 } : op), 10],
];

function forgottenCppr(): Fault {
  return (op, ask) => {
    if (op.op !== 'cppr' || op['ring'] !== 'phys' || op['thread'] !== 1) return ask(op);
    const { ret, errno, state } = ask({ op: 'nvt_read', idx: 0 });
    return { ret, errno, state };
  };
}

/** An END other than the one that was asked for, where it matters. */
function unlessEnd(other: Readonly<Record<string, number>>, matters: (end: Op) => boolean): Fault {
  return (op, ask) => ask(op.op === 'end' && matters(op) ? { ...op, ...other } : op);
}

/** A store to a register whose name begins so, with another value. */
const stores = (reg: string, value: number) => (): Fault => (op, ask) =>
  ask(String(op['reg']).startsWith(reg) && op['value'] !== undefined ? { ...op, value } : op);
/** An operation instead of another one. */
const instead =
  (name: string, other: (op: Op) => Op): (() => Fault) =>
  () =>
  (op, ask) =>
    ask(op.op === name ? other(op) : op);

/** Faults of GICs and ITS, and the most operations it may take to show each. */
const GIC_FAULTS: readonly (readonly [string, () => Fault, number])[] = [
  ['ICPENDR clears nothing', stores('ICPENDR', 0), 5],
  ['an SGI is always from CPU 0', stores('SPENDSGIR', 1), 7],
  ['the binary point stays', stores('ICC_BPR1', 0), 3],
  ['MOVI leaves the LPI where it is', instead('movi', () => ({ op: 'sync', cpu: 0 })), 10],
  ['DISCARD only clears', instead('discard', (op) => ({ ...op, op: 'clear' })), 20],
  ['every LPI is on', instead('lpi_config', (op) => ({ ...op, enable: 1 })), 12],
  ['DIR ends nothing', instead('dir', (op) => ({ ...op, intid: 1023 })), 8],
  ['CPU 1 has the PPIs of CPU 0', instead('ppi', (op) => ({ ...op, cpu: 0 })), 2],
];

describe('a planted fault', { timeout: 120_000 }, () => {
  it.each(FAULTS)('%s: caught, and shown by few operations', async (_name, plant, most, path) => {
    const { finding } = await campaign(faulty(model(), plant), { ops: 12_000 });
    expect(finding?.minimised.ops.length).toBeLessThanOrEqual(most);
    expect(finding?.minimised.difference.fields[0]?.path).toMatch(path);
    expect(finding?.minimised.ops[0]?.op).toBe('vm');
    const again = await runReplay(
      { model: model(), oracle: faulty(model(), plant), skips: [] },
      finding?.minimised.ops ?? [],
    );
    expect(again.finding?.minimised.difference.op).toEqual(finding?.minimised.difference.op);
  });

  it('the behaviour of another kernel counts as one', async () => {
    const { finding } = await campaign(model('6.1'));
    expect(finding?.minimised.ops.length).toBeLessThan(8);
  });

  it('in q35: Remote IRR only when somebody received it', async () => {
    const plant = (): Fault => (op, ask) =>
      ask(
        op.op === 'redir' && typeof op['value'] === 'object'
          ? { ...op, value: { ...(op['value'] as object), dest: 0 } }
          : op,
      );
    const { finding } = await runCampaign({
      model: modelOfQ35(),
      oracle: faulty(modelOfQ35(), plant),
      generator: q35Sequences,
      skips: [],
      seeds: [1],
      ops: 500,
    });
    expect(finding?.minimised.ops.length).toBe(2);
  });

  it.each(XIVE_FAULTS)('in XIVE: %s: caught, and shown by few operations', async (_name, plant, most) => {
    const { finding } = await runCampaign({
      model: modelOfPowernv(),
      oracle: faulty(modelOfPowernv(), plant),
      generator: powernvSequences,
      skips: [],
      seeds: [1, 2, 3, 4],
      ops: 8000,
    });
    expect(finding?.minimised.ops.length).toBeLessThanOrEqual(most);
    expect(finding?.minimised.ops[0]?.op).toBe('start');
  });

  it.each(GIC_FAULTS)('in GICs: %s: caught, and shown by few operations', async (_name, plant, most) => {
    const { finding } = await runCampaign({
      model: modelOfVirt(),
      oracle: faulty(modelOfVirt(), plant),
      generator: virtSequences,
      skips: [],
      seeds: [1, 2, 3, 4],
      ops: 8000,
    });
    expect(finding?.minimised.ops.length).toBeLessThanOrEqual(most);
    expect(finding?.minimised.ops[0]?.op).toBe('start');
  });

  it('that shows once and never again is counted apart', async () => {
    let shown = false;
    const plant = (): Fault => (op, ask) => {
      if (shown || op.op !== 'sync') return ask(op);
      shown = true;
      return { ...ask(op), ret: 7 };
    };
    const { finding, unrepeatable, ops } = await campaign(faulty(model(), plant));
    expect([finding, unrepeatable.map((a) => a.difference.op.op), ops]).toEqual([null, ['sync'], 3000]);
  });

  it('that shows once is explained by an accidental skip, one that stays is not', async () => {
    const skips: Skip[] = [
      {
        id: 'busy',
        oracle: 'faulty',
        versions: '.',
        ops: ['sync'],
        fields: ['ret'],
        accidental: true,
        reason: '',
        source: '',
      },
    ];
    let shown = 0;
    const times = (most: number) => (): Fault => (op, ask) =>
      op.op === 'sync' && shown++ < most ? { ...ask(op), ret: 7 } : ask(op);
    const once = await campaign(faulty(model(), times(1)), { skips });
    expect([once.finding, once.unrepeatable, once.skipped.get('busy')]).toEqual([null, [], 1]);
    const always = await campaign(faulty(model(), times(Infinity)), { skips });
    expect(always.finding?.minimised.difference.fields[0]?.path).toBe('ret');
  });

  it('that a skip explains is counted and goes on; one that moves the state ends the sequence', async () => {
    const skip = (fields: string[]): Skip => ({
      id: 'known',
      oracle: 'faulty',
      versions: '.',
      ops: [],
      fields,
      reason: '',
      source: '',
    });
    const msi = (): Fault => (op, ask) => (op.op === 'signal_msi' ? { ...ask(op), ret: 77, errno: null } : ask(op));
    const r = await campaign(faulty(model(), msi), { skips: [skip(['ret', 'errno'])] });
    expect([r.finding, r.ops]).toEqual([null, 3000]);
    expect(r.skipped.get('known')).toBeGreaterThan(50);
  });
});

describe('without a fault', { timeout: 120_000 }, () => {
  it('nothing is found, and a seed gives the same operations every time', async () => {
    const run = async (): Promise<Op[]> => {
      const ops: Op[] = [];
      const r = await runCampaign({
        model: model(),
        oracle: model(),
        generator: kvmSequences,
        skips: [],
        seeds: [7],
        ops: 1500,
        onResult: (op) => void ops.push(op),
      });
      expect([r.finding, r.ops]).toEqual([null, 1500]);
      return ops;
    };
    expect(await run()).toEqual(await run());
  });

  it('the budget is shared out to the last operation, and the caller can end it', async () => {
    const seeds: (number | null)[] = [];
    const options = { model: model(), oracle: model(), generator: kvmSequences, skips: [], seeds: [1, 2, 3], ops: 100 };
    await runCampaign({ ...options, onResult: (_op, _r, seed) => void seeds.push(seed) });
    expect([1, 2, 3].map((seed) => seeds.filter((s) => s === seed).length)).toEqual([34, 33, 33]);
    const stopped = await runCampaign({ ...options, ops: 100_000, onProgress: ({ sequences }) => sequences < 2 });
    expect([stopped.interrupted, stopped.sequences]).toEqual([true, 2]);
  });

  it('a replay cuts the operations where a new machine begins', async () => {
    const ops: Op[] = [{ op: 'vm' }, { op: 'sync' }, { op: 'vm', vcpus: 2 }, { op: 'sync' }];
    const r = await runReplay({ model: model(), oracle: model(), skips: [] }, ops);
    expect([r.ops, r.sequences, r.finding]).toEqual([4, 2, null]);
  });
});

it('an oracle that is late is asked again before it counts', async () => {
  const late = model();
  const oracle: Oracle = {
    ...late,
    async start() {
      const machine = await late.start();
      return { ...machine, apply: async (op) => ({ ...(await machine.apply(op)), state: {} }) };
    },
  };
  const r = await runReplay({ model: model(), oracle, skips: [] }, [
    { op: 'vm' },
    { op: 'irq_line', gsi: 3, level: 1 },
  ]);
  expect([r.finding, r.ops]).toEqual([null, 2]);
});
