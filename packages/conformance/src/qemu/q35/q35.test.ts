// The QEMU oracle on an installed QEMU.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { modelOfQ35 } from '../../__fixtures__/sides.ts';
import { runCampaign } from '../../campaign.ts';
import { q35Sequences } from '../../generate/q35.ts';
import type { Op } from '../../oracle.ts';
import { createQemuOracle } from './index.ts';

const oracle = createQemuOracle();
const missing = await oracle.available();
const VECTORS = new URL('../../../../x86-avic/src/__fixtures__/vectors/', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, VECTORS), 'utf8');

it('an absent QEMU is named, with what to install', async () => {
  const absent = createQemuOracle('/nonexistent/qemu');
  expect(await absent.available()).toEqual({
    reason: '/nonexistent/qemu is not installed',
    remedy: 'apt-get install -y --no-install-recommends qemu-system-x86',
  });
  await expect((async () => (await absent.start()).apply({ op: 'start' }))()).rejects.toMatchObject({
    code: 'VIRQ-O003',
  });
});

describe.skipIf(missing !== null)(
  `on q35${missing === null ? '' : ` (skipped: ${missing.reason})`}`,
  { timeout: 120_000 },
  () => {
    it('gives what was recorded', async () => {
      const ops = JSON.parse(read('q35-ioapic.ops.json')) as Op[];
      const recorded = read('q35-ioapic.qemu-7.2.jsonl').trim().split('\n');
      const machine = await oracle.start();
      for (const [i, op] of ops.entries()) {
        const { out, state } = JSON.parse(recorded[i] ?? '');
        const seen = await machine.apply(op);
        expect([i, seen.out, seen.state]).toEqual([i, out, state]);
      }
      await machine.stop();
    });

    it('random operations give what the model gives', async () => {
      const r = await runCampaign({
        model: modelOfQ35(),
        oracle,
        generator: q35Sequences,
        skips: [],
        seeds: [1],
        ops: 200,
      });
      expect([r.finding, r.ops]).toEqual([null, 200]);
    });
  },
);
