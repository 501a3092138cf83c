// The QEMU oracle for Arm on an installed QEMU: the recorded sequences, and each word beyond them once.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { modelOfVirt } from '../../__fixtures__/sides.ts';
import { runCampaign } from '../../campaign.ts';
import { virtSequences } from '../../generate/virt.ts';
import type { Op, OracleResult } from '../../oracle.ts';
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

    it.each([
      [{ op: 'start', backend: 'gicv4' }, { op: 'd', reg: 'CTLR' }, 'takes the backend gicv2, gicv3 or its, not gicv4'],
      [{ op: 'start', backend: 'gicv2', cpus: 2 }, { op: 'd', reg: 'CTLR' }, 'gicv2 takes 1 to 1 CPUs'],
      [{ op: 'start', backend: 'gicv3' }, { op: 'iar' }, 'this machine stands still'],
      [{ op: 'start', backend: 'gicv3' }, { op: 'mapd', dev: 1 }, "'mapd' is for the backend its"],
      [{ op: 'start', backend: 'gicv3' }, { op: 'd', reg: 'NONE:4' }, "no register is called 'NONE:4' here"],
    ] as [Op, Op, string][])('%j then %j is refused', async (start, op, message) => {
      const machine = await oracle.start();
      await expect((async () => [await machine.apply(start), await machine.apply(op)])()).rejects.toThrow(message);
      await machine.stop();
    });

    it('raises the pin of CPU 0 while something is deliverable, and an EOI alone does not clear a line', async () => {
      const machine = await oracle.start();
      const ops: Op[] = [
        { op: 'start', backend: 'gicv2' },
        { op: 'd', reg: 'CTLR', value: 1 },
        { op: 'c', reg: 'PMR', value: 0xf0 },
        { op: 'c', reg: 'CTLR', value: 1 },
        { op: 'irq_setup', intid: 40, group: 0 },
        { op: 'spi', intid: 40, level: 1 },
        { op: 'c', reg: 'IAR' },
        { op: 'c', reg: 'EOIR', value: 40 },
        { op: 'spi', intid: 40, level: 0 },
      ];
      const pins: unknown[] = [];
      for (const op of ops) pins.push((await machine.apply(op)).state['pins']);
      await machine.stop();
      expect(pins.slice(5)).toEqual([[['raise', 0]], [['lower', 0]], [['raise', 0]], [['lower', 0]]]);
    });

    it('random operations give what the model gives, use every word, and end in every way an interrupt can end', async () => {
      const seen: { op: Op; result: OracleResult }[] = [];
      const r = await runCampaign({
        model: modelOfVirt(),
        oracle,
        generator: virtSequences,
        skips: [],
        seeds: [5, 6, 7, 8],
        ops: 3000,
        onResult: (op, result) => seen.push({ op, result }),
      });
      expect([r.finding, r.unrepeatable, r.ops]).toEqual([null, [], 3000]);
      const used = new Set(seen.map(({ op }) => op.op));
      expect([...oracle.operations].filter((op) => !used.has(op))).toEqual([]);
      const shows = (key: string, pattern: RegExp): boolean =>
        seen.some(({ result }) => pattern.test(JSON.stringify(result.state[key] ?? null)));
      const acknowledged = seen.filter(({ op }) => op.op === 'iar').map(({ result }) => Number(result.out?.['intid']));
      expect({
        raised: shows('pins', /raise/),
        active: shows('active', /\d/),
        second: shows('lpi_pending', /\],\[8/),
        spi: acknowledged.some((n) => n >= 32 && n < 1020),
        lpi: acknowledged.some((n) => n >= 8192),
        none: acknowledged.includes(1023),
      }).toEqual({ raised: true, active: true, second: true, spi: true, lpi: true, none: true });
    });
  },
);
