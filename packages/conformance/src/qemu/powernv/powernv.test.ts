// The QEMU oracle for POWER on an installed QEMU: the recorded sequences, and each word beyond them once, against the sheet's vectors.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { modelOfPowernv } from '../../__fixtures__/sides.ts';
import { runCampaign } from '../../campaign.ts';
import { powernvSequences } from '../../generate/powernv.ts';
import type { Op, OracleResult } from '../../oracle.ts';
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

it('another release is named, with what the model follows', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'virq-'));
  const newer = join(folder, 'qemu');
  writeFileSync(newer, '#!/bin/sh\necho QEMU emulator version 10.0.2\n', { mode: 0o755 });
  expect(await createPowernvOracle(newer).available()).toEqual({
    reason: `${newer} is QEMU 10.0.2; the model follows 7.2 (that of Debian 12)`,
    remedy: 'VIRQ_QEMU_PPC names another QEMU',
  });
  rmSync(folder, { recursive: true });
});

async function run(
  start: Readonly<Record<string, string | number | string[]>>,
  ops: readonly Op[],
): Promise<OracleResult[]> {
  const machine = await oracle.start();
  const results: OracleResult[] = [];
  for (const op of [{ op: 'start', ...start } as Op, ...ops]) results.push(await machine.apply(op));
  await machine.stop();
  return results.slice(1);
}

const OBSERVE = ['pq', 'lsi', 'end', 'tima'];
const trigger = (lisn: number): Op => ({ op: 'esb', lisn, cmd: 'trigger' });
const enable = (lisn: number): Op => ({ op: 'esb', lisn, cmd: 'set_pq_00' });
const shown = (r: OracleResult | undefined) =>
  r?.state as unknown as {
    readonly pq: readonly number[];
    readonly lsi: readonly number[];
    readonly end: Readonly<Record<string, { esn: number; ese: number; gen: number; off: number; eq: string[] }>>;
    readonly tima: readonly Readonly<
      Record<string, { nsr: number; cppr: number; ipb: number; pipr: number; w2: string }>
    >[];
  };

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

    describe.each(['xive9', 'xive10'])('%s', (backend) => {
      const start = { backend, observe: OBSERVE };

      it('a level-triggered source fires again while its line is up: raise, raise, EOI, lower, EOI', async () => {
        const line = (level: number): Op => ({ op: 'line', lisn: 17, level });
        const eoi: Op = { op: 'esb', lisn: 17, cmd: 'eoi' };
        const results = await run(start, [enable(17), line(1), line(1), eoi, line(0), eoi]);
        expect(results.map((r) => [shown(r).lsi[1], r.out?.['value']])).toEqual([
          [0, '0x1'],
          [2, undefined],
          [2, undefined],
          [2, '0x1'],
          [2, undefined],
          [0, '0x0'],
        ]);
      });

      it('a queue of 4 KiB wraps after entry 1023 and the generation flips', async () => {
        const results = await run(start, [
          { op: 'nvt', idx: 1 },
          { op: 'end', idx: 2, nvt: 1, prio: 3, off: 1023 },
          { op: 'eas', lisn: 0, end: 2, data: 7 },
          { op: 'hw_trigger', lisn: 0, pq_checked: 1 },
          { op: 'eq_read', idx: 2, entry: 1023 },
          { op: 'eas', lisn: 0, end: 2, data: 9 },
          { op: 'hw_trigger', lisn: 0, pq_checked: 1 },
        ]);
        expect([results[4]?.out, shown(results[4]).end['2']]).toMatchObject([
          { value: '0x80000007' },
          { gen: 0, off: 0 },
        ]);
        expect(shown(results[6]).end['2']).toMatchObject({ gen: 0, off: 1, eq: ['0x9', '0x0', '0x0', '0x0'] });
      });

      it('a trigger by a device passes PQ, unless it has looked itself', async () => {
        const results = await run(start, [{ op: 'hw_trigger', lisn: 1 }, enable(1), { op: 'hw_trigger', lisn: 1 }]);
        expect(results.map((r) => shown(r).pq[1])).toEqual([1, 0, 2]);
      });

      it('ESn coalesces, ESe escalates once, the chain reaches the last END', async () => {
        const results = await run(start, [
          { op: 'nvt', idx: 1 },
          { op: 'end', idx: 0, nvt: 1, prio: 3, notify: 0, esn: 0, escalate: 1, ese: 0, esc_end: 1, esc_data: 5 },
          { op: 'end', idx: 1, nvt: 1, prio: 3, silent: 1 },
          { op: 'eas', lisn: 0, end: 0, data: 7 },
          enable(0),
          trigger(0),
          enable(0),
          trigger(0),
          { op: 'nvt_read', idx: 1 },
          { op: 'end_esb', idx: 0, cmd: 'get', which: 'n' },
          { op: 'end_esb', idx: 0, cmd: 'eoi', which: 'e' },
        ]);
        expect(shown(results[5]).end).toMatchObject({
          0: { esn: 2, ese: 2, off: 1 },
          1: { off: 1, eq: ['0x80000005', '0x0', '0x0', '0x0'] },
        });
        expect(shown(results[7]).end).toMatchObject({ 0: { esn: 3, ese: 2, off: 2 }, 1: { off: 1 } });
        expect(results.slice(8).map((r) => r.out)).toEqual([{ ipb: 0x10 }, { value: '0x3' }, { value: '0x0' }]);
        expect(shown(results[10]).end['0']).toMatchObject({ ese: 0 });
      });

      it('any offset of either page of a source: loads from the trigger page are all ones', async () => {
        const at = (op: string, page: string, off: number): Op => ({ op, lisn: 3, page, off });
        const results = await run(start, [
          at('esb_load', 'trigger', 0xc00),
          at('esb_load', 'eoi', 0x2c40),
          at('esb_store', 'trigger', 0xc00),
          at('esb_store', 'eoi', 0xf00),
          at('esb_load', 'eoi', 0x7f8),
        ]);
        expect(results.map((r) => [r.out?.['value'], shown(r).pq[3]])).toEqual([
          ['0xffffffffffffffff', 1],
          ['0x1', 0],
          [undefined, 2],
          [undefined, 3],
          ['0x1', 2],
        ]);
      });

      it('word 2 of the OS ring by a store of 8 bytes to the most privileged page puts a context on a thread', async () => {
        const at = (off: number, value: string): Op => ({ op: 'tm_write', thread: 1, page: 0, off, size: 8, value });
        const results = await run(start, [
          { op: 'nvt', idx: 2 },
          { op: 'end', idx: 0, nvt: 2, prio: 6 },
          { op: 'eas', lisn: 0, end: 0, data: 7 },
          at(0x10, '0x00ff000000000000'),
          at(0x18, '0x8000000200000000'),
          enable(0),
          trigger(0),
          { op: 'tm_read', thread: 1, page: 0, off: 0x818, size: 8 },
        ]);
        expect(shown(results[6]).tima[1]?.['os']).toEqual({ nsr: 128, cppr: 255, ipb: 2, pipr: 6, w2: '80000002' });
        expect([results[7]?.out, shown(results[7]).tima[1]?.['os']?.w2]).toEqual([{ value: '0x2000080' }, '00000002']);
      });
    });

    it('F-64: random operations give what the model gives', async () => {
      const ran = new Map<string, number>();
      let backend = '';
      const r = await runCampaign({
        model: modelOfPowernv(),
        oracle,
        generator: powernvSequences,
        skips: [],
        seeds: [1, 2, 3],
        ops: 900,
        onResult(op) {
          if (op.op === 'start') backend = String(op['backend']);
          ran.set(backend, (ran.get(backend) ?? 0) + 1);
        },
      });
      expect([r.finding, r.ops]).toEqual([null, 900]);
      expect(Math.min(ran.get('xive9') ?? 0, ran.get('xive10') ?? 0)).toBeGreaterThan(100);
    });

    it('without StoreEOI a POWER9 ignores it', async () => {
      const ops: Op[] = [
        { op: 'esb', lisn: 0, cmd: 'set_pq_11' },
        { op: 'esb', lisn: 0, cmd: 'store_eoi' },
      ];
      const pqAfter = async (store_eoi: number): Promise<number | undefined> =>
        shown((await run({ backend: 'xive9', store_eoi }, ops))[1]).pq[0];
      expect([await pqAfter(0), await pqAfter(1)]).toEqual([3, 2]);
    });

    it('an event for a hardware thread comes on its physical ring, is acknowledged there', async () => {
      const results = await run({ backend: 'xive9' }, [
        { op: 'nvt', idx: 0x84 },
        { op: 'end', idx: 0, nvt: 0x84, prio: 2 },
        { op: 'eas', lisn: 0, end: 0 },
        { op: 'push_phys', thread: 1 },
        { op: 'cppr', value: 0x2a, thread: 1, ring: 'phys' },
        enable(0),
        trigger(0),
        { op: 'ack', thread: 1, ring: 'phys' },
      ]);
      expect(shown(results[6]).tima[1]?.['phys']).toEqual({ nsr: 128, cppr: 255, ipb: 0x20, pipr: 2, w2: '80000000' });
      expect(results[7]?.out).toEqual({ value: '0x8002' });
    });

    it('a start without one of the two generations is refused', async () => {
      await expect(run({ backend: 'ioapic' }, [])).rejects.toMatchObject({ code: 'VIRQ-O003' });
    });
  },
);
