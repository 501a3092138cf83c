// The QEMU oracle for POWER on an installed QEMU.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Op } from '../../oracle.ts';
import { createPowernvOracle } from './index.ts';

const oracle = createPowernvOracle();
const missing = await oracle.available();
const VECTORS = new URL('../../../../ppc-xive/src/__fixtures__/vectors/', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, VECTORS), 'utf8');

it('an absent QEMU is named, with what to install', async () => {
  expect(await createPowernvOracle('/nonexistent/qemu').available()).toEqual({
    reason: '/nonexistent/qemu is not installed',
    remedy: 'apt-get install -y --no-install-recommends qemu-system-ppc',
  });
});

describe.skipIf(missing !== null)(
  `on powernv${missing === null ? '' : ` (skipped: ${missing.reason})`}`,
  { timeout: 120_000 },
  () => {
    it.each(['xive9', 'xive10'])('%s gives what was recorded', async (name) => {
      const ops = JSON.parse(read(`${name}.ops.json`)) as Op[];
      const recorded = read(`${name}.qemu-7.2.jsonl`).trim().split('\n');
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
