// The QEMU oracle for Arm on an installed QEMU: the recorded sequences, and each word beyond them once.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Op } from '../../oracle.ts';
import { createVirtOracle } from './index.ts';

const oracle = createVirtOracle();
const missing = await oracle.available();
const VECTORS = new URL('../../../../arm-vgic/src/__fixtures__/vectors/', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, VECTORS), 'utf8');

it('an absent QEMU is named, with what to install', async () => {
  expect(await createVirtOracle('/nonexistent/qemu').available()).toEqual({
    reason: '/nonexistent/qemu is not installed',
    remedy: 'apt-get install -y --no-install-recommends qemu-system-arm',
  });
});

describe.skipIf(missing !== null)(
  `on virt${missing === null ? '' : ` (skipped: ${missing.reason})`}`,
  { timeout: 120_000 },
  () => {
    it.each(['gicv2', 'gicv3', 'its'])('%s gives what was recorded', async (name) => {
      const ops = JSON.parse(read(`${name}.ops.json`)) as Op[];
      const recorded = read(`${name}.qemu-7.2.jsonl`).trim().split('\n');
      expect(recorded.length).toBe(ops.length);
      const machine = await oracle.start();
      for (const [i, op] of ops.entries()) {
        const { out, state } = JSON.parse(recorded[i] ?? '');
        const seen = await machine.apply(op);
        expect([i, seen.out, seen.state]).toEqual([i, out, state]);
      }
      await machine.stop();
    });
  },
);
