// Recorded results of real KVM (Linux 6.1, GICv3): every operation must give the same errno, output and state.

import { readFileSync } from 'node:fs';
import type { AnyBackend } from '@virq/irq-core/backend';
import { createExec } from '@virq/irq-core/machine';
import { expect, it } from 'vitest';
import { armVgic } from './index.ts';

type Row = Readonly<Record<string, unknown>>;

const read = (name: string): string => readFileSync(new URL(`./__fixtures__/vectors/${name}`, import.meta.url), 'utf8');
const lines = (name: string): Row[] =>
  read(name)
    .trim()
    .split('\n')
    .map((l) => JSON.parse(l) as Row);

/** A result in the recorder's shape: `ret` only where the recorder had one. */
function comparable(result: Row, recorded: Row): Row {
  const { ret, ...rest } = result;
  return { ...rest, ...('ret' in recorded ? { ret } : {}) };
}

it.each(['kvm-vgicv3'])('T01 T02 T04 T28 F-14 F-21 F-37 F-38 F-39 Linux 6.1: %s, line by line', (name) => {
  const exec = createExec({ backend: armVgic as unknown as AnyBackend, kernel: '6.1' });
  const recorded = lines(`${name}.linux-6.1.jsonl`);
  const ops = JSON.parse(read(`${name}.ops.json`)) as Row[];
  expect(ops).toHaveLength(recorded.length);
  for (const [i, op] of ops.entries()) expect(comparable(exec.request(op), recorded[i] as Row)).toEqual(recorded[i]);
});
