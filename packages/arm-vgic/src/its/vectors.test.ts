// Recorded results of real KVM (Linux 6.1 under emulation): commands, MSIs and pending tables of an ITS, line by line.

import { readFileSync } from 'node:fs';
import type { AnyBackend } from '@virq/irq-core/backend';
import { createExec } from '@virq/irq-core/machine';
import { describe, expect, it } from 'vitest';
import armVgic from '../index.ts';

type Row = Readonly<Record<string, unknown>>;

const DIR = new URL('../__fixtures__/vectors/', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, DIR), 'utf8');
const ops = JSON.parse(read('kvm-its.ops.json')) as Row[];
const recorded = read('kvm-its.linux-6.1.jsonl')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Row);

/** The recorder notes `ret` of ioctls only, and `out` where there is one. */
function comparable(result: Row, want: Row): Row {
  const { ret, out, ...rest } = result;
  return { ...rest, ...('ret' in want ? { ret } : {}), ...('out' in want ? { out } : {}) };
}

describe('kvm-its', () => {
  it.each(['6.1', '6.12', '6.18', '7.3'])(
    'F-44 F-46 F-47 F-49 F-50 F-52 F-54 what Linux 6.1 did, by the VGIC of %s',
    (vgic) => {
      const exec = createExec({ backend: armVgic as unknown as AnyBackend, kernel: '6.1' });
      expect(recorded).toHaveLength(ops.length);
      for (const [i, op] of ops.entries()) {
        const want = recorded[i] as Row;
        const given = i === 0 ? { ...op, vgic } : op;
        expect({ step: i, ...comparable(exec.request(given), want) }).toEqual({ step: i, ...want });
      }
    },
  );
});
