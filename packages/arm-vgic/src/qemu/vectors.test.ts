// Recorded results of QEMU 7.2: every operation must give the same return value, output and state.

import { readFileSync } from 'node:fs';
import type { AnyBackend } from '@virq/irq-core/backend';
import { createExec } from '@virq/irq-core/machine';
import { describe, expect, it } from 'vitest';
import { virt } from './index.ts';

const read = (name: string): string =>
  readFileSync(new URL(`../__fixtures__/vectors/${name}`, import.meta.url), 'utf8');

describe('operation sequences recorded on QEMU', () => {
  it.each(['gicv2', 'gicv3', 'gicv3-cpu', 'its'])('%s', (name) => {
    const ops = JSON.parse(read(`${name}.ops.json`)) as unknown[];
    const recorded = read(`${name}.qemu-7.2.jsonl`)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(recorded).toHaveLength(ops.length);
    const exec = createExec({ backend: virt as unknown as AnyBackend });
    for (const [i, op] of ops.entries())
      expect(exec.request(op)).toEqual({ ret: 0, errno: null, ...(recorded[i] as object) });
  });
});

describe('what a machine does not have is refused', () => {
  it.each([
    [{ backend: 'gicv2', cpus: 2 }, 'cpus a GICv2 has one CPU that qtest reaches'],
    [{ backend: 'its', el2: true }, "el2 only the CPUs of 'gicv3-cpu' have EL2"],
  ])('start %j', (start, message) => {
    const exec = createExec({ backend: virt as unknown as AnyBackend });
    expect(exec.request({ op: 'start', ...start })).toMatchObject({ error: { code: 'VIRQ-X003', message } });
  });

  it.each([
    ['gicv2', { op: 'r', reg: 'CTLR' }],
    ['gicv3', { op: 'c', reg: 'IAR' }],
    ['gicv3', { op: 'iar' }],
    ['gicv3', { op: 'int', dev: 0, event: 0 }],
    ['gicv3', { op: 'r', reg: 'CTLR', cpu: 2 }],
    ['its', { op: 'msr', reg: 'ICC_IAR1_EL1', value: 0 }],
    ['its', { op: 'mrs', reg: 'ICH_VTR_EL2' }],
  ])('%s %j: EINVAL', (backend, op) => {
    const exec = createExec({ backend: virt as unknown as AnyBackend });
    exec.request({ op: 'start', backend });
    expect(exec.request(op)).toMatchObject({ ret: -1, errno: 'EINVAL' });
  });

  it('a register that no frame has', () => {
    const exec = createExec({ backend: virt as unknown as AnyBackend });
    exec.request({ op: 'start', backend: 'gicv3' });
    expect(exec.request({ op: 'd', reg: 'NONE:4' })).toMatchObject({
      error: { code: 'VIRQ-X003', message: "no register is called 'NONE:4' here" },
    });
  });
});
