// Recorded results of real KVM: every operation must give the same return value, output and state.

import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { AnyBackend } from '@virq/irq-core/backend';
import type { KernelVersion } from '@virq/irq-core/kvm';
import { createExec } from '@virq/irq-core/machine';
import { describe, expect, it } from 'vitest';
import { x86Avic } from './index.ts';

const DIR = new URL('./__fixtures__/vectors/', import.meta.url);
const read = (name: string): string => {
  const bytes = readFileSync(new URL(name, DIR));
  return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
};
const lines = (name: string): unknown[] =>
  read(name)
    .trim()
    .split('\n')
    .map((l) => JSON.parse(l));
const files = readdirSync(DIR);
const kernelOf = (name: string): KernelVersion => /linux-(6\.\d+)/.exec(name)?.[1] as KernelVersion;

/** Without the line number; a reinjection tells how often the emulated host left the guest before it took the vector, not what KVM did. */
const comparable = (r: Record<string, unknown>): unknown => {
  const { i: _i, trace, ...rest } = r;
  return trace === undefined
    ? rest
    : { ...rest, trace: (trace as string[]).filter((line) => !line.endsWith('[reinjected]')) };
};

function compare(kernel: KernelVersion, ops: readonly unknown[], recorded: readonly Record<string, unknown>[]): void {
  const exec = createExec({ backend: x86Avic, kernel });
  for (const [i, op] of ops.entries()) {
    const model = comparable(exec.request(op));
    expect({ step: i, op, ...(model as object) }).toEqual({
      step: i,
      op,
      ...(comparable(recorded[i] as Record<string, unknown>) as object),
    });
  }
}

describe('operation sequences recorded on Linux', () => {
  for (const name of files.filter((f) => /^(loop|unmask)-resample\.linux/.test(f)))
    it(name, () => {
      const ops = JSON.parse(read(`${name.split('.')[0]}.ops.json`)) as unknown[];
      compare(kernelOf(name), ops, lines(name) as Record<string, unknown>[]);
    });
});

describe('seeded random sequences recorded on Linux', () => {
  for (const name of files.filter((f) => f.startsWith('random-')))
    it(name, () => {
      const rows = lines(name) as { op: Record<string, unknown>; result: Record<string, unknown> }[];
      compare(
        kernelOf(name),
        rows.map((r) => r.op),
        rows.map((r) => ({ op: r.op['op'], ...r.result })),
      );
    });
});

describe('operation sequences recorded on QEMU', () => {
  for (const name of files.filter((f) => f.includes('.qemu-')))
    it(name, () => {
      const exec = createExec({ backend: x86Avic.implementations?.['qemu'] as AnyBackend });
      const ops = JSON.parse(read(`${name.split('.')[0]}.ops.json`)) as unknown[];
      for (const [i, recorded] of (lines(name) as Record<string, unknown>[]).entries())
        expect(exec.request(ops[i])).toMatchObject(recorded);
    });
});
