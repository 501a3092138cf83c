// The same guest accesses on both models: what docs/reference/arm-vgic/kvm-and-qemu.md says is what each of them does.

import { readFileSync } from 'node:fs';
import type { AnyBackend } from '@virq/irq-core/backend';
import { createExec, type Exec } from '@virq/irq-core/machine';
import { expect, it } from 'vitest';
import { armVgic } from '../index.ts';
import { BASE } from '../options.ts';
import { type Difference, KVM_AND_QEMU, type Step } from './differences.ts';
import { differencesPage } from './differences-page.ts';
import { FRAMES, type NamedFrame, offsetOf } from './frames.ts';
import { virt } from './index.ts';

type Machine = Difference['machine'];
type Answer = Readonly<Record<string, unknown>>;
/** One side: what a step is as an operation, and what its answer shows. */
interface Side {
  readonly start: Readonly<Record<Machine, object>>;
  operation(step: Step, machine: Machine): object;
  shown(step: Step, answer: Answer): string | undefined;
}

const hex = (v: unknown): string => `0x${BigInt(v as string | number).toString(16)}`;
const frameOf = (at: string, machine: Machine): NamedFrame => {
  if (at === 'd') return machine === 'gicv2' ? FRAMES.gicd2 : FRAMES.gicd3;
  return { c: FRAMES.gicc, r: FRAMES.rd, sgi: FRAMES.sgi, its: FRAMES.gits }[at] as NamedFrame;
};

const PLACES: Readonly<Record<string, number>> = {
  d: BASE.GICD,
  c: BASE.GICC,
  r: BASE.GICR,
  sgi: BASE.GICR + 0x10000,
  its: BASE.GITS,
};

const kvm: Side = {
  start: {
    gicv2: { op: 'vm', gic: 2, host_gic: 2, nr_irqs: 288 },
    gicv3: { op: 'vm', gic: 3, cpus: 2, nr_irqs: 288 },
    its: { op: 'vm', gic: 3, cpus: 2, its: true, nr_irqs: 288 },
  },
  operation(step, machine) {
    if ('line' in step) return { op: 'irq_line', irq: step.line, level: step.level };
    if ('iar' in step) return { op: 'iar' };
    if ('eoir' in step) return { op: 'eoir', intid: step.eoir };
    if ('op' in step) return withFlags(step);
    const addr = (PLACES[step.at] as number) + offsetOf(frameOf(step.at, machine), step.reg);
    const access = { addr, size: step.size ?? 4 };
    return step.value === undefined
      ? { op: 'guest_load', ...access }
      : { op: 'guest_store', ...access, value: hex(step.value) };
  },
  shown(step, { out }) {
    const { x0 } = (out ?? {}) as { x0?: number | string };
    if ('iar' in step) return String(x0);
    return 'at' in step && step.value === undefined ? hex(x0) : undefined;
  },
};

/** KVM's words take yes and no. */
const withFlags = (step: object): object =>
  Object.fromEntries(Object.entries(step).map(([k, v]) => [k, k === 'valid' || k === 'enable' ? v === 1 : v]));

const WORDS: Readonly<Record<string, object>> = {
  d: { op: 'd' },
  c: { op: 'c' },
  r: { op: 'r', frame: 'r' },
  sgi: { op: 'r', frame: 'sgi' },
  its: { op: 'its_reg' },
};

const qemu: Side = {
  start: {
    gicv2: { op: 'start', backend: 'gicv2' },
    gicv3: { op: 'start', backend: 'gicv3', cpus: 2 },
    its: { op: 'start', backend: 'its', cpus: 2 },
  },
  operation(step) {
    if ('line' in step) return { op: 'spi', intid: step.line, level: step.level };
    if ('iar' in step) return { op: 'iar' };
    if ('eoir' in step) return { op: 'eoir', intid: step.eoir };
    if ('op' in step) return step;
    const access = { ...WORDS[step.at], reg: step.reg, size: step.size ?? 4 };
    return step.value === undefined ? access : { ...access, value: hex(step.value) };
  },
  shown(step, { out }) {
    const { value, intid } = (out ?? {}) as { value?: string; intid?: number };
    if ('iar' in step) return String(intid);
    return 'at' in step && step.value === undefined ? value : undefined;
  },
};

/** What the loads and acknowledges of a difference give on one side; every step has to succeed. */
function seen(exec: Exec, side: Side, { machine, steps }: Difference): string[] {
  const found: string[] = [];
  expect(exec.request(side.start[machine])).toMatchObject({ ret: 0 });
  for (const step of steps) {
    const operation = side.operation(step, machine);
    const answer = exec.request(operation);
    expect({ operation, ret: answer['ret'], error: answer['error'] }).toEqual({ operation, ret: 0, error: undefined });
    const shown = side.shown(step, answer);
    if (shown !== undefined) found.push(shown);
  }
  return found;
}

it.each(KVM_AND_QEMU.map((row) => [row.id, row.what, row] as const))('%s: %s', (_id, _what, row) => {
  const both = {
    kvm: seen(createExec({ backend: armVgic as unknown as AnyBackend, kernel: '6.12' }), kvm, row),
    qemu: seen(createExec({ backend: virt as unknown as AnyBackend }), qemu, row),
  };
  expect(both).toEqual(row.seen);
  expect(both.kvm).not.toEqual(both.qemu);
});

it('the page is made of the table', () => {
  const page = new URL('../../../../docs/reference/arm-vgic/kvm-and-qemu.md', import.meta.url);
  expect(readFileSync(page, 'utf8')).toBe(differencesPage());
});
