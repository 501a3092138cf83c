// Recorded results of QEMU 7.2: every operation must give the same return value, output and state.

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { AnyBackend } from '@virq/irq-core/backend';
import { createExec } from '@virq/irq-core/machine';
import { describe, expect, it } from 'vitest';
import { powernv } from './index.ts';

const read = (name: string): string =>
  readFileSync(new URL(`../__fixtures__/vectors/${name}`, import.meta.url), 'utf8');

describe('F-64 operation sequences recorded on QEMU', () => {
  it.each(['xive9', 'xive10'])('%s', (name) => {
    const ops = JSON.parse(read(`${name}.ops.json`)) as unknown[];
    const recorded = read(`${name}.qemu-7.2.jsonl`)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(recorded).toHaveLength(ops.length);
    const exec = createExec({ backend: powernv as unknown as AnyBackend });
    for (const [i, op] of ops.entries())
      expect(exec.request(op)).toEqual({ ret: 0, errno: null, ...(recorded[i] as object) });
  });
});

describe('F-64 seeded random sequences recorded on QEMU', () => {
  it.each([21, 22])('random-%i', (seed) => {
    const file = new URL(`../__fixtures__/vectors/random-${seed}.qemu-7.2.jsonl.gz`, import.meta.url);
    const [head, ...rows] = gunzipSync(readFileSync(file))
      .toString()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect([head.implementation, rows.length]).toEqual(['qemu', 1500]);
    const exec = createExec({ backend: powernv as unknown as AnyBackend });
    for (const [step, { op, result }] of rows.entries())
      expect({ step, ...exec.request(op) }).toEqual({ step, i: step, op: op.op, ...result });
  });
});

it.each([
  ['xive9', [0, 0x10]],
  ['xive10', [0x10, 0]],
])(
  '%s: an END that ignores bits of its NVT finds no thread; on POWER10 QEMU does not see that it does',
  (backend, pending) => {
    const exec = createExec({ backend: powernv as unknown as AnyBackend });
    const ring = { op: 'tm_write', page: 0, size: 8 };
    const ops = [
      { op: 'start', backend },
      { op: 'nvt', idx: 1 },
      { op: 'end', idx: 0, nvt: 1, prio: 3, ignore: 1 },
      { op: 'eas', lisn: 0, end: 0 },
      { ...ring, off: 0x18, value: '0x8000000100000000' },
      { op: 'hw_trigger', lisn: 0, pq_checked: 1 },
      { op: 'nvt_read', idx: 1 },
    ];
    const last = ops.map((op) => exec.request(op)).at(-1) as unknown as {
      out: { ipb: number };
      state: { tima: { os: { ipb: number } }[] };
    };
    expect([last.state.tima[0]?.os.ipb, last.out.ipb]).toEqual(pending);
  },
);
